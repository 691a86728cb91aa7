"""A handling as its legs need it, read from the truth."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from router.channels.voice.call import Entry
from router.channels.voice.prompts import Prompts
from router.queues import policy


@dataclass(frozen=True)
class Attempt:
    """One attempt to bring an agent and a caller together.

    room: the conference, named by the contact and the attempt; also the offer's id.
    reach_address: E.164 or SIP; None for a softphone. callback_to: the person is to be called.
    tries: callbacks that were not answered before; most_tries: after which it is given up.
    """

    handling: UUID
    state: str
    room: str
    workspace: UUID
    contact: UUID
    agent: UUID
    reach: str
    reach_address: str | None
    languages: tuple[str, ...]
    callback_to: str | None
    tries: int
    most_tries: int
    entry: Entry

    @property
    def prompts(self) -> Prompts:
        """For the agent's ear."""
        language = self.languages[0] if self.languages else self.entry.language
        return Prompts(language, self.entry.prompts)


class Attempts:
    """Reads attempts."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]):
        self._pool = pool

    async def get(self, handling: UUID | None) -> Attempt | None:
        row = await self._pool.fetchrow(_ATTEMPT, handling)
        if row is None:
            return None
        return Attempt(
            handling=row["id"],
            state=row["state"],
            room=row["offer_id"],
            workspace=row["workspace_id"],
            contact=row["contact_id"],
            agent=row["agent_id"],
            reach=row["reach"],
            reach_address=row["reach_address"],
            languages=tuple(row["languages"]),
            callback_to=row["callback_to"],
            tries=row["callback_tries"],
            most_tries=policy.parse(row["policy"]).callback_tries,
            entry=Entry.of(row["entry"], row["country"]),
        )


_ATTEMPT = """
select h.id, h.state, h.offer_id, h.workspace_id, h.contact_id, h.agent_id, a.reach,
       a.reach_address, a.languages, c.callback_to, c.callback_tries, to_jsonb(e) as entry,
       w.country, q.policy
from handling h
join contact c on c.id = h.contact_id
join agent a on a.id = h.agent_id
join workspace w on w.id = h.workspace_id
join entry_point e on e.id = c.entry_point_id
join queue q on q.id = c.queue_id
where h.id = $1
"""
