"""Queues and their policies, as admins keep them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from router.errors import Conflict, Invalid, NotFound
from router.identity import audit
from router.queues.policy import Policy, parse
from router.store.truth import Connection
from router.web.keys import HUB, POOL
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
    rows = await request.app[POOL].fetch(_SELECT + " order by name, id", who.workspace_id)
    return QueueList([_record(row) for row in rows])


async def _create(request: web.Request, body: NewQueue) -> QueueRecord:
    who = await viewer(request, "admin")
    name = line(body.name, "name")
    async with request.app[POOL].acquire() as conn, conn.transaction():
        await _check_policy(conn, who, body.policy, body.slug)
        made = await conn.fetchval(
            "insert into queue (workspace_id, slug, name, policy) values ($1, $2, $3, $4)"
            " on conflict (workspace_id, slug) do nothing returning id",
            who.workspace_id,
            body.slug,
            name,
            body.policy,
        )
        if made is None:
            raise _taken()
        await audit.note(
            conn, who.workspace_id, who.account_id, "queue.create", made, {"slug": body.slug}
        )
    return await _after(request, who, made)


async def _change(request: web.Request, body: QueueChange) -> QueueRecord:
    who = await viewer(request, "admin")
    queue = path_id(request)
    async with request.app[POOL].acquire() as conn, conn.transaction():
        before = await conn.fetchrow(
            _SELECT + " and id = $2 for no key update", who.workspace_id, queue
        )
        if before is None:
            raise NotFound("There is no such queue.")
        slug = before["slug"] if body.slug is UNSET else body.slug
        if slug != before["slug"]:
            await _check_unused(conn, who, before["slug"])
        policy = before["policy"] if body.policy is UNSET else body.policy
        await _check_policy(conn, who, policy, slug)
        try:
            await conn.execute(
                "update queue set slug = $2, name = $3, policy = $4 where id = $1",
                queue,
                slug,
                before["name"] if body.name is UNSET else line(body.name, "name"),
                policy,
            )
        except asyncpg.UniqueViolationError:
            raise _taken() from None
        detail = {} if body.policy is UNSET else {"from": before["policy"], "to": policy}
        await audit.note(conn, who.workspace_id, who.account_id, "queue.change", queue, detail)
    return await _after(request, who, queue)


async def _after(request: web.Request, who: Viewer, queue: UUID) -> QueueRecord:
    await request.app[HUB].publish(who.workspace_id, {"t": "queue", "queue": str(queue)})
    row = await request.app[POOL].fetchrow(_SELECT + " and id = $2", who.workspace_id, queue)
    if row is None:
        raise NotFound("There is no such queue.")
    return _record(row)


async def _check_policy(conn: Connection, who: Viewer, document: Any, slug: str) -> None:
    """Refuse a policy that breaks a rule, or passes on to a queue that does not exist."""
    try:
        convert(document, Policy)
    except Invalid as error:
        raise Invalid(
            error.message, field=f"policy.{error.field}" if error.field else "policy"
        ) from None
    policy = parse(document)
    if policy.escalates_to in (None, slug):
        return
    if not await conn.fetchval(
        "select true from queue where workspace_id = $1 and slug = $2",
        who.workspace_id,
        policy.escalates_to,
    ):
        raise Invalid("There is no queue with this short name.", field="policy.escalates_to")


async def _check_unused(conn: Connection, who: Viewer, slug: str) -> None:
    user = await conn.fetchval(
        "select name from queue where workspace_id = $1 and policy->>'escalates_to' = $2",
        who.workspace_id,
        slug,
    )
    if user is not None:
        raise Conflict(f"The queue “{user}” passes on to it by this short name.", field="slug")


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
