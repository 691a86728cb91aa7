"""The whole of one contact, as staff read it: who, when, by whom, what was said and thought."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from router.errors import NotFound
from router.identity.sessions import Viewer
from router.web.keys import CONVERSATIONS, PEOPLE, POOL

PAGE = 500

_CONTACT = """
select c.*, q.name as queue_name from contact c join queue q on q.id = c.queue_id
where c.workspace_id = $1 and c.id = $2
"""
_HANDLINGS = """
select h.*, a.name as agent_name from handling h join account a on a.id = h.agent_id
where h.contact_id = $1 order by h.accepted_at
"""
_OFFERS = """
select o.id, o.outcome, o.at, o.agent_id, a.name as agent_name
from offer o join account a on a.id = o.agent_id where o.contact_id = $1 order by o.at
"""
_RATINGS = """
select r.handling_id, r.direction, r.stars, r.comment from rating r
join handling h on h.id = r.handling_id
where h.contact_id = $1 and r.revealed_at is not null order by h.accepted_at, r.direction
"""


class Named(msgspec.Struct):
    id: UUID
    name: str


class HandlingRecord(msgspec.Struct, omit_defaults=True):
    handling: UUID
    agent: Named
    state: str
    accepted_at: datetime
    ended_at: datetime | None = None
    ending: str | None = None
    outcome: str | None = None
    note: str | None = None
    hand_over: dict[str, Any] | None = None


class OfferRecord(msgspec.Struct):
    offer: str
    agent: Named
    outcome: str
    at: datetime


class RatingRecord(msgspec.Struct, omit_defaults=True):
    handling: UUID
    direction: str
    stars: int
    comment: str | None = None


class ContactRecord(msgspec.Struct, omit_defaults=True):
    id: UUID
    channel: str
    state: str
    role: str
    assurance: int
    language: str
    queue: Named
    arrived_at: datetime
    person: dict[str, Any]
    handlings: list[HandlingRecord]
    offers: list[OfferRecord]
    timeline: list[dict[str, Any]]
    ratings: list[RatingRecord]
    topic: str | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    ended_by: str | None = None


async def read_record(app: web.Application, who: Viewer, contact_id: UUID) -> ContactRecord:
    """The contact. Raises NotFound, also to an agent who never had it in their hands."""
    pool = app[POOL]
    row: Any = await pool.fetchrow(_CONTACT, who.workspace_id, contact_id)
    handlings: list[Any] = await pool.fetch(_HANDLINGS, contact_id) if row else []
    house = who.role in ("supervisor", "admin")
    if row is None or not (house or any(h["agent_id"] == who.account_id for h in handlings)):
        raise NotFound("There is no such contact.")
    offers: list[Any] = await pool.fetch(_OFFERS, contact_id)
    ratings: list[Any] = await pool.fetch(_RATINGS, contact_id)
    person = await app[PEOPLE].describe(
        who.workspace_id,
        row["person_id"],
        assurance=row["assurance"],
        tier=who.tier or 0,
        role=who.role,
    )
    return ContactRecord(
        id=row["id"],
        channel=row["channel"],
        state=row["state"],
        role=row["role"],
        assurance=row["assurance"],
        language=row["language"],
        topic=row["topic"],
        queue=Named(row["queue_id"], row["queue_name"]),
        arrived_at=row["arrived_at"],
        ended_at=row["ended_at"],
        outcome=row["outcome"],
        ended_by=row["ended_by"],
        person=person,
        handlings=[_handling(handling) for handling in handlings],
        offers=[
            OfferRecord(o["id"], Named(o["agent_id"], o["agent_name"]), o["outcome"], o["at"])
            for o in offers
        ],
        timeline=await _timeline(app, who.workspace_id, contact_id),
        ratings=[
            RatingRecord(r["handling_id"], r["direction"], r["stars"], r["comment"])
            for r in ratings
        ],
    )


def _handling(row: Any) -> HandlingRecord:
    return HandlingRecord(
        handling=row["id"],
        agent=Named(row["agent_id"], row["agent_name"]),
        state=row["state"],
        accepted_at=row["accepted_at"],
        ended_at=row["ended_at"],
        ending=row["ending"],
        outcome=row["outcome"],
        note=row["note"],
        hand_over=row["hand_over"],
    )


async def _timeline(app: web.Application, ws: UUID, contact_id: UUID) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    after = 0
    while True:
        page = await app[CONVERSATIONS].read(ws, contact_id, after, staff=True, limit=PAGE)
        entries += [entry.wire() for entry in page]
        if len(page) < PAGE:
            return entries
        after = page[-1].seq
