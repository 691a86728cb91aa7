"""What follows when an agent lets offers pass: by the queue's policy, a break with its reason."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from router.channels.line import Line
from router.queues.picture import policy_of
from router.queues.policy import Refusals
from router.queues.presence import agent_changed, hold_kinds

Reason = Literal["missed", "declined"]


def consequence(refusals: Refusals, *, misses: int, declines: int) -> Reason | None:
    """The reason for a break, if one is due. Pure.

    misses: in a row, the present one included. declines: within `decline_minutes`, likewise.
    """
    if refusals.misses and misses >= refusals.misses:
        return "missed"
    if refusals.declines and declines >= refusals.declines:
        return "declined"
    return None


class Consequences(Line):
    """Counts what an agent let pass, and sets them to a break where that is too much."""

    async def _follows(self, workspace_id: UUID, agent_id: UUID, contact_id: UUID) -> None:
        """After a recorded miss or decline of this contact's offer; before the contact goes on,
        so that nobody who is sent on a break is offered the next one."""
        document = await self._pool.fetchval(
            "select q.policy from contact c join queue q on q.id = c.queue_id where c.id = $1",
            contact_id,
        )
        refusals = policy_of(document or {}).refusals
        if not refusals.misses and not refusals.declines:
            return
        async with self._pool.acquire() as connection, connection.transaction():
            await hold_kinds(connection, workspace_id)
            counted = await connection.fetchrow(_COUNTED, agent_id, refusals.decline_minutes)
            if counted is None:
                return
            reason = consequence(refusals, misses=counted["misses"], declines=counted["declines"])
            if reason is None:
                return
            await connection.execute(
                "update agent set presence = 'break', presence_reason = $2,"
                " presence_since = now() where id = $1",
                agent_id,
                reason,
            )
            pending = await agent_changed(connection, workspace_id, agent_id)
        await self._outbox.apply(pending)


# Misses count since the agent came back; declines since the last break for them, however often
# the agent has gone and come since: else a short break would wipe the slate.
_COUNTED = """
select
  (select count(*) from offer o where o.agent_id = a.id and o.outcome = 'missed'
   and o.at >= a.presence_since
   and o.at > coalesce((select l.at from offer l where l.agent_id = a.id
     and l.outcome in ('accepted', 'declined') order by l.at desc limit 1), '-infinity')) as misses,
  (select count(*) from offer o where o.agent_id = a.id and o.outcome = 'declined'
   and o.at > now() - make_interval(mins => $2)
   and o.at > coalesce((select max(s.began_at) from presence_span s where s.agent_id = a.id
     and s.presence = 'break' and s.reason = 'declined'), '-infinity')) as declines
from agent a where a.id = $1 and a.presence = 'available' for no key update of a
"""
