"""Queues and their policies, as admins keep them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from router.errors import Conflict, Invalid, NotFound, SecondlineError
from router.policy.document import Queue, policy_of
from router.policy.rows import Draft
from router.policy.versions import By, Refused, change
from router.queues.policy import Policy, parse
from router.web.keys import POOL
from router.web.policy import tell
from router.web.requests import Body, convert, line, path_id
from router.web.routes import Route, add
from router.web.viewers import Viewer, viewer

Text = Annotated[str, Meta(max_length=1000)]
Slug = Annotated[
    str,
    Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="its short name in policies"),
]


class NewQueue(Body, kw_only=True):
    """policy: what is left out has its default."""

    slug: Slug
    name: Text
    policy: dict[str, Any] = msgspec.field(default_factory=dict)


class QueueChange(Body):
    """What is absent stays; a policy is replaced as a whole."""

    slug: Slug | UnsetType = UNSET
    name: Text | UnsetType = UNSET
    policy: dict[str, Any] | UnsetType = UNSET


class QueueRecord(msgspec.Struct):
    """A queue. policy: with every default. closed: what is announced while it is closed."""

    id: UUID
    slug: str
    name: str
    policy: Policy
    closed: dict[str, str] | None


class QueueList(msgspec.Struct):
    queues: list[QueueRecord]


_SELECT = "select id, slug, name, policy, closed from queue where workspace_id = $1"


async def _list(request: web.Request) -> QueueList:
    who = await viewer(request, "admin")
    rows = await request.app[POOL].fetch(
        _SELECT + " and retired_at is null order by name, id", who.workspace_id
    )
    return QueueList([_record(row) for row in rows])


async def _create(request: web.Request, body: NewQueue) -> QueueRecord:
    who = await viewer(request, "admin")
    name = line(body.name, "name")
    queue = _queue(name, body.policy)

    def made(draft: Draft) -> Draft:
        queues = draft.document.queues
        if body.slug in queues:
            raise _taken()
        return _with(draft, {**queues, body.slug: queue})

    by = By(
        who.account_id,
        f"Queue “{name}” made",
        action="queue.create",
        subject=body.slug,
        detail={"slug": body.slug},
    )
    return await _write(request, who, by, body.slug, made)


async def _change(request: web.Request, body: QueueChange) -> QueueRecord:
    who = await viewer(request, "admin")
    id_ = path_id(request)
    name = body.name if body.name is UNSET else line(body.name, "name")
    row = await request.app[POOL].fetchrow(
        _SELECT + " and id = $2 and retired_at is null", who.workspace_id, id_
    )
    if row is None:
        raise NotFound("There is no such queue.")
    slug = row["slug"] if body.slug is UNSET else body.slug

    def changed(draft: Draft) -> Draft:
        old = next((slug for slug, mine in draft.queues.items() if mine == id_), None)
        if old is None:
            raise NotFound("There is no such queue.")
        before = draft.document.queues[old]
        if slug != old and slug in draft.document.queues:
            raise _taken()
        after = _queue(
            before.name if name is UNSET else name,
            policy_of(before) if body.policy is UNSET else body.policy,
        )
        return _renamed(draft, old, slug, after)

    by = By(who.account_id, f"Queue “{row['name']}” changed", action="queue.change", subject=id_)
    return await _write(request, who, by, slug, changed)


async def _write(
    request: web.Request, who: Viewer, by: By, slug: str, alter: Callable[[Draft], Draft]
) -> QueueRecord:
    """Make a version of the policy with the queue in it; what is wrong is said at its field."""
    async with request.app[POOL].acquire() as conn, conn.transaction():
        try:
            done = await change(conn, who.workspace_id, by, alter)
        except Refused as error:
            raise _refused(error, slug) from None
        row = await conn.fetchrow(
            _SELECT + " and slug = $2 and retired_at is null", who.workspace_id, slug
        )
    await tell(request.app, who.workspace_id, done)
    return _record(row)


def _queue(name: str, policy: Any) -> Queue:
    """The queue with this policy as it came from JSON. Raises Invalid. Pure."""
    try:
        convert(policy, Policy)
    except Invalid as error:
        raise Invalid(
            error.message, field=f"policy.{error.field}" if error.field else "policy"
        ) from None
    return Queue(name=name, **msgspec.structs.asdict(parse(policy)))


def _with(draft: Draft, queues: dict[str, Queue]) -> Draft:
    return replace(draft, document=msgspec.structs.replace(draft.document, queues=queues))


def _renamed(draft: Draft, old: str, slug: str, queue: Queue) -> Draft:
    """The draft with this queue in its place, and entry points leading to its short name. Pure."""
    queues = {
        slug if mine == old else mine: queue if mine == old else other
        for mine, other in draft.document.queues.items()
    }
    points = tuple(
        msgspec.structs.replace(
            point,
            customers=slug if point.customers == old else point.customers,
            experts=slug if point.experts == old else point.experts,
        )
        for point in draft.document.entry_points
    )
    ids = {slug if mine == old else mine: id_ for mine, id_ in draft.queues.items()}
    document = msgspec.structs.replace(draft.document, queues=queues, entry_points=points)
    return replace(draft, document=document, queues=ids)


def _refused(error: Refused, slug: str) -> SecondlineError:
    """The first problem at the field of the body that it is about."""
    for problem in error.problems:
        if problem.field.startswith(f"queues.{slug}."):
            field = problem.field.removeprefix(f"queues.{slug}.")
            return Invalid(problem.message, field="name" if field == "name" else f"policy.{field}")
    # only another short name can make another part wrong
    other = re.match(r"queues\.([^.]+)", error.problems[0].field)
    return Conflict(
        f"The queue “{other[1] if other else ''}” leads to it by this short name.", field="slug"
    )


def _taken() -> Conflict:
    return Conflict("Another queue has this short name.", field="slug")


def _record(row: Any) -> QueueRecord:
    return QueueRecord(row["id"], row["slug"], row["name"], parse(row["policy"]), row["closed"])


ROUTES = [
    Route("GET", "/api/queues", _list, "Queues, by name", who="admin", answer=QueueList),
    Route("POST", "/api/queues", _create, "Make a queue", who="admin", body=NewQueue,
          answer=QueueRecord, status=201, errors=(Conflict,)),
    Route("PATCH", "/api/queues/{id}", _change, "Change a queue or its policy", who="admin",
          body=QueueChange, answer=QueueRecord, errors=(NotFound, Conflict)),
]  # fmt: skip


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
