"""Entry points, as admins keep them: the numbers that are dialled, and the widgets."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from router.errors import Conflict, Invalid, NotFound
from router.policy.document import EntryPoint
from router.policy.rows import Draft, name_of
from router.policy.versions import By, Refused, change, country_of
from router.web import ways_in
from router.web.keys import POOL
from router.web.policy import tell
from router.web.requests import Body, line, path_id
from router.web.routes import Route, add
from router.web.viewers import Viewer, viewer

Text = Annotated[str, Meta(max_length=1000)]
Language = Annotated[str, Meta(max_length=100)]
Languages = Annotated[tuple[Language, ...], Meta(max_length=30)]
Texts = Annotated[dict[Language, Text], Meta(max_length=30)]
Prompts = Annotated[dict[Language, dict[Text, Text]], Meta(max_length=30)]
Sites = Annotated[tuple[Text, ...], Meta(max_length=100)]
Priority = Annotated[int, Meta(ge=0, le=9)]
Attributes = Annotated[dict[Text, Any], Meta(max_length=50)]


class MenuItem(Body, kw_only=True):
    """key: one digit. topic: also the skill asked of agents, unless `skills` names others."""

    key: Annotated[str, Meta(max_length=10)]
    topic: Text
    label: Texts = msgspec.field(default_factory=dict)
    skills: Annotated[tuple[Text, ...], Meta(max_length=10)] = ()


Menu = Annotated[tuple[MenuItem, ...], Meta(max_length=20)]


class NewEntryPoint(Body, kw_only=True):
    """address: a number; of a widget its key, drawn where it is left out. priority, attributes:
    of its contacts, for head starts and filters."""

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
    priority: Priority = 0
    attributes: Attributes = msgspec.field(default_factory=dict)


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
    priority: Priority | UnsetType = UNSET
    attributes: Attributes | UnsetType = UNSET


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
    priority: int
    attributes: dict[str, Any]


class EntryPointList(msgspec.Struct):
    entry_points: list[EntryPointRecord]


_FIELDS = EntryPointRecord.__struct_fields__
_SELECT = f"select {', '.join(_FIELDS)} from entry_point where workspace_id = $1"


async def _list(request: web.Request) -> EntryPointList:
    who = await viewer(request, "admin")
    rows = await request.app[POOL].fetch(
        _SELECT + " and retired_at is null order by name, id", who.workspace_id
    )
    return EntryPointList([EntryPointRecord(**dict(row)) for row in rows])


async def _create(request: web.Request, body: NewEntryPoint) -> EntryPointRecord:
    who = await viewer(request, "admin")
    given = msgspec.to_builtins(body)
    given["languages"] = given["languages"] or [body.language]
    if body.address is None and body.kind == "widget":
        given["address"] = secrets.token_urlsafe(12)
    return await _write(request, who, None, given)


async def _change(request: web.Request, body: EntryPointChange) -> EntryPointRecord:
    who = await viewer(request, "admin")
    # absent fields are not in it
    given = msgspec.to_builtins(body)
    return await _write(request, who, path_id(request), given)


async def _write(
    request: web.Request, who: Viewer, entry_point: UUID | None, given: dict[str, Any]
) -> EntryPointRecord:
    """Make a version of the policy with the entry point in it."""
    ws = who.workspace_id
    async with request.app[POOL].acquire() as conn, conn.transaction():
        country = await country_of(conn, ws)
        if entry_point is None:
            address = ways_in.address(given["kind"], given["address"] or "", country)
            given = {**given, "address": address}

        def written(draft: Draft) -> Draft:
            return _put(draft, entry_point, given, country)

        verb, done_to = ("create", "made") if entry_point is None else ("change", "changed")
        by = By(
            who.account_id,
            f"Entry point {done_to}",
            action=f"entry_point.{verb}",
            subject=entry_point or given["address"],
            detail={"fields": sorted(given)},
        )
        try:
            done = await change(conn, ws, by, written)
        except Refused as error:
            # the rest of the document stood before
            field = re.sub(r"^entry_points\[\d+\]\.", "", error.field or "")
            raise Invalid(error.problems[0].message, field=field or None) from None
        except Conflict as error:
            if error.field is not None and error.field.endswith(".address"):
                raise _taken() from None
            raise
        row = await conn.fetchrow(
            _SELECT + " and retired_at is null and (id = $2 or (kind = $3 and address = $4))",
            ws,
            entry_point,
            given.get("kind"),
            given.get("address"),
        )
    await tell(request.app, ws, done)
    assert row is not None
    return EntryPointRecord(**dict(row))


def _put(draft: Draft, old: UUID | None, given: dict[str, Any], country: str) -> Draft:
    """The draft with this entry point in it. old: the one that is changed.

    Raises Invalid, NotFound and Conflict, naming the body's field.
    """
    points = {draft.entry_points[name_of(each)]: each for each in draft.document.entry_points}
    before: dict[str, Any] = {}
    if old is not None:
        if old not in points:
            raise NotFound("There is no such entry point.")
        before = msgspec.to_builtins(points[old])
    values = _checked({**before, **given}, set(given), country)
    slugs = {queue: slug for slug, queue in draft.queues.items()}
    for role in ("customer", "expert"):
        asked = values.pop(f"{role}_queue_id", None)
        if asked is not None:
            slug = slugs.get(UUID(str(asked)))
            if slug is None:
                raise Invalid("There is no such queue.", field=f"{role}_queue_id")
            values[f"{role}s"] = slug
    point = msgspec.convert(values, EntryPoint)
    if any(name_of(each) == name_of(point) for mine, each in points.items() if mine != old):
        raise _taken()
    points[old or uuid4()] = point
    ids = {name_of(each): mine for mine, each in points.items()}
    document = msgspec.structs.replace(draft.document, entry_points=tuple(points.values()))
    return replace(draft, document=document, entry_points=ids)


def _taken() -> Conflict:
    return Conflict("This address is another entry point's.", field="address")


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
