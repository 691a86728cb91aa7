"""Whom a contact asks first: the agent that the person asked for, or who served them last."""

from __future__ import annotations

from uuid import UUID

from router.queues.policy import Policy
from router.store.truth import Connection


async def preferred_agent(
    connection: Connection,
    workspace_id: UUID,
    person_id: UUID,
    role: str,
    policy: Policy,
    asked: UUID | None,
) -> UUID | None:
    """The agent, or None. asked: whom the person asked for; one who is unknown is nobody.

    Experts never meet tier 1, whom they know or ask for included.
    """
    if asked is None and policy.choice.familiar_days == 0:
        return None
    found: UUID | None = await connection.fetchval(
        _PREFERRED, workspace_id, person_id, role, policy.choice.familiar_days, asked
    )
    return found


_PREFERRED = """
select g.id from (
    select $5::uuid as agent_id, 0 as place, now() as at
    union all
    (select h.agent_id, 1, h.accepted_at from contact c join handling h on h.contact_id = c.id
     where $4 > 0 and c.workspace_id = $1 and c.person_id = $2
       and h.accepted_at > now() - make_interval(days => $4) and h.connected_at is not null
     order by h.accepted_at desc limit 5)
) known
join agent g on g.id = known.agent_id and g.workspace_id = $1 and ($3 <> 'expert' or g.tier >= 2)
order by known.place, known.at desc limit 1
"""
