"""What an agent has before them: offers held out to them and handlings, as their desk shows it.

Built anew from the truth for each frame, so that a frame is never older than its event; people
are described for this viewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from router.identity.people import People
from router.queues.picture import milliseconds
from router.web.viewers import Viewer

# the frame's own: role and assurance are the contact's, the history has its own address
_CARD = ("id", "name", "name_claimed", "network_size", "number_masked", "contacts_before")

_RECEIVED = """
  (select x.hand_over from handling x where x.contact_id = c.id and x.hand_over is not null
   order by x.accepted_at desc limit 1) as received"""

_OFFERED = f"""
select c.id, c.arrived_at, c.language, c.topic, c.person_id, c.role, c.assurance, {_RECEIVED},
       q.id as queue_id, q.name as queue_name
from contact c join queue q on q.id = c.queue_id
where c.workspace_id = $1 and c.id = any($2)
"""
_HELD = f"""
select h.id, h.contact_id, h.offer_id, h.channel, h.state, h.accepted_at, h.wrapup_limit, h.ending,
       h.hand_over, c.language, c.topic, c.person_id, c.role, c.assurance, c.last_seq, {_RECEIVED},
       q.id as queue_id, q.name as queue_name,
       coalesce(
         (select e.data->>'state' from contact_event e
          where e.contact_id = c.id and e.kind = 'video' and e.at >= h.accepted_at
          order by e.seq desc limit 1),
         case when h.channel = 'video' then 'on' end) as video,
       exists (select from rating r where r.handling_id = h.id and r.direction = 'of_person')
         as rated
from handling h join contact c on c.id = h.contact_id join queue q on q.id = h.queue_id
where h.workspace_id = $1 and h.agent_id = $2
"""


@dataclass(frozen=True)
class Held:
    """A handling's frame, and where its timeline stood."""

    handling_id: UUID
    contact_id: UUID
    offer_id: str
    last_seq: int
    frame: dict[str, Any]

    @property
    def over(self) -> bool:
        """Wrapped up: nothing of it is live any more."""
        return bool(self.frame["state"] == "done")


class Hands:
    """Reads and describes what agents hold."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], people: People) -> None:
        self._pool = pool
        self._people = people

    async def offers(self, viewer: Viewer, live: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Frames of live offers (`Engine.offers_of`); one whose contact is gone is left out."""
        if not live:
            return []
        rows = await self._pool.fetch(
            _OFFERED, viewer.workspace_id, [UUID(offer["contact"]) for offer in live]
        )
        by_id = {str(row["id"]): row for row in rows}
        frames = []
        for offer in live:
            if row := by_id.get(offer["contact"]):
                frame = {
                    "type": "offer",
                    "offer": offer["offer"],
                    "contact": offer["contact"],
                    "channel": offer["channel"],
                    "deadline_ms": offer["deadline_ms"],
                    "queue": _queue(row),
                    "language": row["language"],
                    "topic": row["topic"],
                    "wait_since_ms": milliseconds(row["arrived_at"]),
                    "attempt": offer["attempt"],
                    "person": await self._card(viewer, row),
                }
                if row["received"]:
                    frame["escalated"] = row["received"]
                frames.append(frame)
        return frames

    async def handlings(self, viewer: Viewer) -> list[Held]:
        """Everything that the agent has not wrapped up, oldest first."""
        rows = await self._pool.fetch(
            _HELD + " and h.state <> 'done' order by h.accepted_at",
            viewer.workspace_id,
            viewer.account_id,
        )
        return [await self._held(viewer, row) for row in rows]

    async def of_contact(self, viewer: Viewer, contact_id: UUID) -> list[Held]:
        """The agent's handlings of this contact, those that are done included, oldest first."""
        rows = await self._pool.fetch(
            _HELD + " and h.contact_id = $3 order by h.accepted_at",
            viewer.workspace_id,
            viewer.account_id,
            contact_id,
        )
        return [await self._held(viewer, row) for row in rows]

    async def _held(self, viewer: Viewer, row: asyncpg.Record) -> Held:
        frame: dict[str, Any] = {
            "type": "handling",
            "handling": row["id"],
            "contact": row["contact_id"],
            "channel": row["channel"],
            "state": row["state"],
            "queue": _queue(row),
            "person": await self._card(viewer, row),
            "language": row["language"],
            "topic": row["topic"],
            "accepted_at": row["accepted_at"],
            "may_rate": row["state"] in ("wrapup", "done") and not row["rated"],
        }
        optional = {
            "wrapup_limit_ms": row["wrapup_limit"] and milliseconds(row["wrapup_limit"]),
            # what this agent passed on, else what was passed on to them
            "hand_over": row["hand_over"] or row["received"],
            "video": row["video"],
            "ending": row["ending"],
        }
        frame |= {name: value for name, value in optional.items() if value is not None}
        return Held(row["id"], row["contact_id"], row["offer_id"], row["last_seq"], frame)

    async def _card(self, viewer: Viewer, row: asyncpg.Record) -> dict[str, Any]:
        seen = await self._people.describe(
            viewer.workspace_id,
            row["person_id"],
            assurance=row["assurance"],
            tier=viewer.tier or 0,
            role=viewer.role,
        )
        card = {name: seen[name] for name in _CARD if name in seen}
        return {**card, "role": row["role"], "assurance": row["assurance"]}


def _queue(row: asyncpg.Record) -> dict[str, Any]:
    return {"id": row["queue_id"], "name": row["queue_name"]}
