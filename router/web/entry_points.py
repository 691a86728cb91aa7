"""Entry points, as admins keep them: the numbers that are dialled, and the widgets."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from router.errors import Conflict, Invalid, NotFound
from router.identity import audit
from router.store.truth import Connection
from router.web import ways_in
from router.web.keys import POOL
from router.web.requests import Body, line, path_id
from router.web.routes import Route, add
from router.web.viewers import viewer

Text = Annotated[str, Meta(max_length=1000)]
Language = Annotated[str, Meta(max_length=100)]
Languages = Annotated[tuple[Language, ...], Meta(max_length=30)]
Texts = Annotated[dict[Language, Text], Meta(max_length=30)]
Prompts = Annotated[dict[Language, dict[Text, Text]], Meta(max_length=30)]
Sites = Annotated[tuple[Text, ...], Meta(max_length=100)]


class MenuItem(Body, kw_only=True):
    """key: one digit. topic: also the skill asked of agents, unless `skills` names others."""

    key: Annotated[str, Meta(max_length=10)]
    topic: Text
    label: Texts = msgspec.field(default_factory=dict)
    skills: Annotated[tuple[Text, ...], Meta(max_length=10)] = ()


Menu = Annotated[tuple[MenuItem, ...], Meta(max_length=20)]


class NewEntryPoint(Body, kw_only=True):
    """address: a number; of a widget its key, drawn where it is left out."""

    kind: Literal["phone", "widget"]
    address: Text | None = None
    name: Text
    language: Language = "en"
    languages: Languages = ()
    menu: Menu = ()
    prompts: Prompts = msgspec.field(default_factory=dict)
    origins: Sites = ()
    customer_queue_id: UUID
    expert_queue_id: UUID


class EntryPointChange(Body):
    """What is absent stays; lists are replaced as a whole. The kind is not changed."""

    address: Text | UnsetType = UNSET
    name: Text | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    languages: Languages | UnsetType = UNSET
    menu: Menu | UnsetType = UNSET
    prompts: Prompts | UnsetType = UNSET
    origins: Sites | UnsetType = UNSET
    customer_queue_id: UUID | UnsetType = UNSET
    expert_queue_id: UUID | UnsetType = UNSET


class EntryPointRecord(msgspec.Struct):
    """An entry point. address: E.164, or the widget's key."""

    id: UUID
    kind: str
    address: str
    name: str
    language: str
    languages: list[str]
    menu: list[dict[str, Any]]
    prompts: dict[str, dict[str, str]]
    origins: list[str]
    customer_queue_id: UUID
    expert_queue_id: UUID


class EntryPointList(msgspec.Struct):
    entry_points: list[EntryPointRecord]


_FIELDS = EntryPointRecord.__struct_fields__
_SELECT = f"select {', '.join(_FIELDS)} from entry_point where workspace_id = $1"
_WRITTEN = _FIELDS[1:]


async def _list(request: web.Request) -> EntryPointList:
    who = await viewer(request, "admin")
    rows = await request.app[POOL].fetch(_SELECT + " order by name, id", who.workspace_id)
    return EntryPointList([EntryPointRecord(**dict(row)) for row in rows])


async def _create(request: web.Request, body: NewEntryPoint) -> EntryPointRecord:
    who = await viewer(request, "admin")
    given = msgspec.to_builtins(body)
    given["languages"] = given["languages"] or [body.language]
    if body.address is None and body.kind == "widget":
        given["address"] = secrets.token_urlsafe(12)
    return await _write(request, who.workspace_id, who.account_id, None, given)


async def _change(request: web.Request, body: EntryPointChange) -> EntryPointRecord:
    who = await viewer(request, "admin")
    # absent fields are not in it
    given = msgspec.to_builtins(body)
    return await _write(request, who.workspace_id, who.account_id, path_id(request), given)


async def _write(
    request: web.Request, ws: UUID, by: UUID, entry_point: UUID | None, given: dict[str, Any]
) -> EntryPointRecord:
    async with request.app[POOL].acquire() as conn, conn.transaction():
        before: dict[str, Any] = {}
        if entry_point is not None:
            row = await conn.fetchrow(_SELECT + " and id = $2 for update", ws, entry_point)
            if row is None:
                raise NotFound("There is no such entry point.")
            before = dict(row)
        country = await conn.fetchval("select country from workspace where id = $1", ws)
        values = _checked({**before, **given}, set(given), country)
        await _check_queues(conn, ws, values)
        ordered = [values[name] for name in _WRITTEN]
        places = ", ".join(f"${n}" for n in range(3, len(ordered) + 3))
        try:
            row = await conn.fetchrow(
                f"insert into entry_point (workspace_id, id, {', '.join(_WRITTEN)})"
                f" values ($1, coalesce($2::uuid, gen_random_uuid()), {places})"
                " on conflict (id) do update set "
                + ", ".join(f"{name} = excluded.{name}" for name in _WRITTEN)
                + f" returning {', '.join(_FIELDS)}",
                ws,
                entry_point,
                *ordered,
            )
        except asyncpg.UniqueViolationError:
            raise Conflict("This address is another entry point's.", field="address") from None
        assert row is not None
        verb = "create" if entry_point is None else "change"
        await audit.note(conn, ws, by, f"entry_point.{verb}", row["id"], {"fields": sorted(given)})
    return EntryPointRecord(**dict(row))


def _checked(values: dict[str, Any], given: set[str], country: str) -> dict[str, Any]:
    """The values to store; what was not given is in order already. Raises Invalid. Pure."""
    if "address" in given:
        values["address"] = ways_in.address(values["kind"], values["address"] or "", country)
    if "name" in given:
        values["name"] = line(values["name"], "name")
    if given & {"language", "languages"}:
        values["languages"] = ways_in.languages(values["language"], values["languages"])
    if "menu" in given:
        values["menu"] = ways_in.menu(values["menu"])
    if "prompts" in given:
        values["prompts"] = ways_in.prompts(values["prompts"])
    if "origins" in given:
        values["origins"] = ways_in.origins(values["origins"])
    return values


async def _check_queues(conn: Connection, ws: UUID, values: dict[str, Any]) -> None:
    for name in ("customer_queue_id", "expert_queue_id"):
        values[name] = UUID(str(values[name]))
        if not await conn.fetchval(
            "select true from queue where workspace_id = $1 and id = $2", ws, values[name]
        ):
            raise Invalid("There is no such queue.", field=name)


_PATH = "/api/entry-points"

ROUTES = [
    Route("GET", _PATH, _list, "Entry points, by name", who="admin", answer=EntryPointList),
    Route("POST", _PATH, _create, "Make an entry point", who="admin", body=NewEntryPoint,
          answer=EntryPointRecord, status=201, errors=(Conflict,)),
    Route("PATCH", _PATH + "/{id}", _change, "Change an entry point", who="admin",
          body=EntryPointChange, answer=EntryPointRecord, errors=(NotFound, Conflict)),
]  # fmt: skip


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
