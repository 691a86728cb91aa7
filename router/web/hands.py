"""What an agent has before them: offers held out to them and handlings, as their desk shows it.

Built anew from the truth for each frame, so that a frame is never older than its event; people
are described for this viewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from router.identity import cards
from router.queues.picture import milliseconds
from router.web.viewers import Viewer

# the frame's own: role and assurance are the contact's, the history has its own address
_CARD = ("id", "name", "name_claimed", "network_size", "number_masked", "contacts_before")

_RECEIVED = """
  (select x.hand_over from handling x where x.contact_id = c.id and x.hand_over is not null
   order by x.accepted_at desc limit 1) as received"""

# a contact that is one: until when somebody is to see to it, and the caller's recording
_MESSAGE = """
  case when c.due_at is not null then jsonb_build_object(
    'due_ms', milliseconds(c.due_at), 'called', c.callback_to is not null)
    || coalesce((select jsonb_build_object('recording', v.data ? 'recording')
         || jsonb_strip_nulls(jsonb_build_object('seconds', v.data->'seconds'))
       from contact_event v where v.contact_id = c.id and v.kind = 'voicemail'
       order by v.seq desc limit 1), '{}') end as message"""

_OFFERED = f"""
select c.id, c.arrived_at, c.language, c.topic, c.person_id, c.role, c.assurance, {_RECEIVED},
       {_MESSAGE}, q.id as queue_id, q.name as queue_name, {cards.PERSON_OF_CONTACT} as person
from contact c join queue q on q.id = c.queue_id
where c.workspace_id = $1 and c.id = any($2)
"""
_HELD = f"""
select h.id, h.agent_id, h.contact_id, h.offer_id, h.channel, h.state, h.accepted_at,
       h.wrapup_limit, h.ending, h.hand_over, h.connected_at, c.language, c.topic, c.person_id,
       c.role, c.assurance, c.last_seq, {_RECEIVED}, {_MESSAGE},
       q.id as queue_id, q.name as queue_name, {cards.PERSON_OF_CONTACT} as person,
       coalesce(
         (select e.data->>'state' from contact_event e
          where e.contact_id = c.id and e.kind = 'video' and e.at >= h.accepted_at
          order by e.seq desc limit 1),
         case when h.channel = 'video' then 'on' end) as video,
       exists (select from rating r where r.handling_id = h.id and r.direction = 'of_person')
         as rated
from handling h join contact c on c.id = h.contact_id join queue q on q.id = h.queue_id
where h.workspace_id = $1
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
    """Reads and describes what agents hold, for many desks at once: what happens to a crowd at
    the same time costs a few queries and not a few for each of them."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool

    async def offers(
        self, workspace_id: UUID, live: Sequence[tuple[Viewer, dict[str, Any]]]
    ) -> dict[str, dict[str, Any]]:
        """Frames by offer, of live offers (`Engine.offers_of`) and those whom they are made to;
        one whose contact is gone is left out."""
        if not live:
            return {}
        rows = await self._pool.fetch(
            _OFFERED, workspace_id, list({UUID(offer["contact"]) for _, offer in live})
        )
        by_id = {str(row["id"]): row for row in rows}
        frames = {}
        for viewer, offer in live:
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
                    "person": _card(viewer, row),
                }
                if row["received"]:
                    frame["escalated"] = row["received"]
                if row["message"]:
                    frame["message"] = row["message"]
                frames[offer["offer"]] = frame
        return frames

    async def handlings(
        self, workspace_id: UUID, viewers: Iterable[Viewer]
    ) -> dict[UUID, list[Held]]:
        """By agent: everything that they have not wrapped up, oldest first."""
        by_agent = {viewer.account_id: viewer for viewer in viewers}
        rows = await self._pool.fetch(
            _HELD
            + " and h.agent_id = any($2) and h.state <> 'done' order by h.agent_id, h.accepted_at",
            workspace_id,
            list(by_agent),
        )
        return _by_agent(by_agent, rows)

    async def of_contacts(
        self, workspace_id: UUID, pairs: Iterable[tuple[Viewer, UUID]]
    ) -> dict[UUID, list[Held]]:
        """By agent: their handlings of these contacts, those that are done included."""
        pairs = list(pairs)
        by_agent = {viewer.account_id: viewer for viewer, _ in pairs}
        rows = await self._pool.fetch(
            _HELD + " and (h.contact_id, h.agent_id) in (select * from unnest($2::uuid[],"
            " $3::uuid[])) order by h.accepted_at",
            workspace_id,
            [contact for _, contact in pairs],
            [viewer.account_id for viewer, _ in pairs],
        )
        return _by_agent(by_agent, rows)


def _by_agent(
    by_agent: dict[UUID, Viewer], rows: Sequence[asyncpg.Record]
) -> dict[UUID, list[Held]]:
    held: dict[UUID, list[Held]] = {agent: [] for agent in by_agent}
    for row in rows:
        held[row["agent_id"]].append(_held(by_agent[row["agent_id"]], row))
    return held


def _held(viewer: Viewer, row: asyncpg.Record) -> Held:
    frame: dict[str, Any] = {
        "type": "handling",
        "handling": row["id"],
        "contact": row["contact_id"],
        "channel": row["channel"],
        "state": row["state"],
        "queue": _queue(row),
        "person": _card(viewer, row),
        "language": row["language"],
        "topic": row["topic"],
        "accepted_at": row["accepted_at"],
        # who has only heard a message has met nobody
        "may_rate": row["state"] in ("wrapup", "done")
        and row["connected_at"] is not None
        and not row["rated"],
    }
    optional = {
        "wrapup_limit_ms": row["wrapup_limit"] and milliseconds(row["wrapup_limit"]),
        # what this agent passed on, else what was passed on to them
        "hand_over": row["hand_over"] or row["received"],
        "video": row["video"],
        "ending": row["ending"],
        "message": row["message"],
    }
    frame |= {name: value for name, value in optional.items() if value is not None}
    return Held(row["id"], row["contact_id"], row["offer_id"], row["last_seq"], frame)


def _card(viewer: Viewer, row: asyncpg.Record) -> dict[str, Any]:
    seen = cards.seen(
        row["person"], assurance=row["assurance"], tier=viewer.tier or 0, role=viewer.role
    )
    card = {name: seen[name] for name in _CARD if name in seen}
    return {**card, "role": row["role"], "assurance": row["assurance"]}


def _queue(row: asyncpg.Record) -> dict[str, Any]:
    return {"id": row["queue_id"], "name": row["queue_name"]}
