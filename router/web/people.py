"""A person with their history, as much as the viewer may see."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType

from router.errors import NotFound
from router.web.keys import PEOPLE, POOL
from router.web.requests import Body, path_id
from router.web.routes import Route, add
from router.web.viewers import Viewer, viewer


class PersonQuery(Body):
    """contact: through which the viewer meets the person; for agents the one in hand if absent."""

    contact: UUID | None = None


class Case(msgspec.Struct):
    """An earlier contact."""

    id: UUID
    channel: str
    queue: str
    arrived_at: str
    ended_at: str | UnsetType = UNSET
    topic: str | UnsetType = UNSET
    outcome: str | UnsetType = UNSET
    agent: str | UnsetType = UNSET
    note: str | UnsetType = UNSET


class Person(msgspec.Struct):
    """A person; what the viewer may not see is absent (docs/identity.md has the table)."""

    id: UUID
    role: str
    assurance: int
    provisional: bool
    languages: list[str]
    contacts_before: int
    contacts: list[Case]
    name: str | UnsetType = UNSET
    name_claimed: bool | UnsetType = UNSET
    network_size: int | UnsetType = UNSET
    expert_number: str | UnsetType = UNSET
    number_masked: str | UnsetType = UNSET
    number: str | UnsetType = UNSET
    numbers: list[str] | UnsetType = UNSET
    claimed_mail: str | UnsetType = UNSET
    mails: list[str] | UnsetType = UNSET


async def _read(request: web.Request, query: PersonQuery) -> dict[str, Any]:
    who = await viewer(request)
    person_id = path_id(request)
    return await request.app[PEOPLE].describe(
        who.workspace_id,
        person_id,
        assurance=await _assurance(request, who, person_id, query.contact),
        tier=who.tier or 0,
        role=who.role,
    )


async def _assurance(
    request: web.Request, who: Viewer, person_id: UUID, contact: UUID | None
) -> int:
    """How sure the viewer can be of the person. An agent meets nobody but those in their hands;
    supervisors who look at the record itself are told it as to somebody proven."""
    mine = who.role == "agent"
    if contact is None and not mine:
        return 3
    assurance: int | None = await request.app[POOL].fetchval(
        """
        select c.assurance from contact c
        where c.workspace_id = $1 and c.person_id = $2 and ($3::uuid is null or c.id = $3)
          and (not $4 or exists (select from handling h where h.contact_id = c.id
                                 and h.agent_id = $5 and h.state <> 'done'))
        order by c.arrived_at desc limit 1
        """,
        who.workspace_id,
        person_id,
        contact,
        mine,
        who.account_id,
    )
    if assurance is None:
        raise NotFound("There is no such person in your hands.")
    return assurance


ROUTES = [
    Route("GET", "/api/people/{id}", _read, "A person with their history, by assurance and role",
          who="staff; an agent sees those in their hands", query=PersonQuery, answer=Person,
          errors=(NotFound,)),
]  # fmt: skip


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
