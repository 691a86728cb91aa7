"""What puts a contact ahead when it is put in a line again, from the truth."""

from __future__ import annotations

from datetime import timedelta

from router.channels.spending import Spending
from router.queues.head_starts import Claim, head_start_seconds
from router.queues.policy import Policy
from router.store.truth import Connection, Row

LOST_SECONDS = 1800
"""An agent who was lost by accident: the contact goes to the front."""


class Claims(Spending):
    """Head starts of contacts that moved, were passed on, or come back."""

    async def _ahead(
        self, connection: Connection, contact: Row, policy: Policy, *, escalated: int = 0
    ) -> timedelta:
        """The head start in a queue of this policy.

        contact: its row. escalated: by the transaction that asks, before its handling says so.
        A message counts by its deadline instead: behind who waits until then, ahead after it.
        """
        if contact["due_at"] is not None:
            waits: timedelta = contact["arrived_at"] - contact["due_at"]
            return waits
        row = await connection.fetchrow(_CLAIM, contact["id"], policy.head_starts.repeat_days)
        assert row is not None
        claim = Claim(
            role=contact["role"],
            network_size=row["network_size"],
            priority=contact["priority"],
            escalations=row["escalations"] + escalated,
            repeats=row["repeats"] if policy.head_starts.repeat_seconds else 0,
            promised=row["promised"],
        )
        ahead = head_start_seconds(policy, claim) + row["lost"] * LOST_SECONDS
        return timedelta(seconds=min(ahead, most_seconds(policy)))


def most_seconds(policy: Policy) -> int:
    """No contact counts as older than this, whatever happened to it. Pure."""
    return policy.head_starts.most_seconds + LOST_SECONDS


_CLAIM = """
select coalesce(e.network_size, 0) as network_size,
       coalesce(k.at is not null, false) as promised,
       (select count(*) from handling h where h.contact_id = c.id and h.ending = 'escalated')
         as escalations,
       (select count(*) from handling h where h.contact_id = c.id and h.ending = 'lost') as lost,
       (select count(*) from (select from contact r where r.person_id = c.person_id
         and r.arrived_at > now() - make_interval(days => $2) and r.state = 'ended'
         limit 100) earlier) as repeats
from contact c
left join expert e on e.person_id = c.person_id
left join callback k on k.contact_id = c.id
where c.id = $1
"""
