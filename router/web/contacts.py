"""Contacts over HTTP: the whole of one for staff, and what supervisors do to the floor."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web
from msgspec import Meta

from router.errors import Conflict, Invalid, NotFound
from router.web.contact_record import ContactRecord, read_record
from router.web.keys import CONTACTS, HUB, POOL
from router.web.requests import Body, Language, line, path_id, text
from router.web.routes import Route, add
from router.web.viewers import viewer

Texts = dict[Language, Annotated[str, Meta(max_length=2000)]]


class Move(Body):
    queue: UUID


class SetPresence(Body, kw_only=True):
    presence: Literal["available", "break", "offline"]
    reason: Annotated[str, Meta(max_length=200)] | None = None


class Announcement(Body):
    announcement: Annotated[Texts, Meta(min_length=1, max_length=30)]


async def _read(request: web.Request) -> ContactRecord:
    who = await viewer(request)
    return await read_record(request.app, who, path_id(request))


async def _close(request: web.Request) -> None:
    who = await viewer(request, "supervisor")
    contacts = request.app[CONTACTS]
    contact = await contacts.get(who.workspace_id, path_id(request))
    if contact.state == "ended":
        raise Conflict("This contact has ended.", state="ended")
    await contacts.end(
        who.workspace_id, contact.id, outcome="closed", by="supervisor", by_id=who.account_id
    )


async def _move(request: web.Request, body: Move) -> None:
    who = await viewer(request, "supervisor")
    await request.app[CONTACTS].move(who.workspace_id, path_id(request), body.queue, who.account_id)


async def _presence(request: web.Request, body: SetPresence) -> None:
    who = await viewer(request, "supervisor")
    reason = line(body.reason, "reason", longest=100) if body.reason else None
    await request.app[CONTACTS].set_presence(
        who.workspace_id, path_id(request), body.presence, reason, by=who.account_id
    )


async def _close_queue(request: web.Request, body: Announcement) -> None:
    closed = {
        language: text(said, f"announcement.{language}", longest=1000)
        for language, said in body.announcement.items()
    }
    await _set_closed(request, closed)


async def _open_queue(request: web.Request) -> None:
    await _set_closed(request, None)


async def _set_closed(request: web.Request, closed: dict[str, str] | None) -> None:
    who = await viewer(request, "supervisor")
    queue = path_id(request)
    async with request.app[POOL].acquire() as connection, connection.transaction():
        if not await connection.fetchval(
            "update queue set closed = $3 where workspace_id = $1 and id = $2 returning true",
            who.workspace_id,
            queue,
            closed,
        ):
            raise NotFound("There is no such queue.")
        await connection.execute(
            "insert into audit (workspace_id, account_id, action, subject, detail)"
            " values ($1, $2, $3, $4, $5)",
            who.workspace_id,
            who.account_id,
            "queue.open" if closed is None else "queue.close",
            str(queue),
            {} if closed is None else {"announcement": closed},
        )
    await request.app[HUB].publish(who.workspace_id, {"t": "queue", "queue": str(queue)})


def _supervisor(path: str, handler: Any, summary: str, body: Any = None) -> Route:
    return Route(
        "POST",
        path,
        handler,
        summary,
        who="supervisor",
        body=body,
        errors=(NotFound, Conflict, Invalid),
    )


ROUTES = [
    Route(
        "GET",
        "/api/contacts/{id}",
        _read,
        "A contact with its handlings, offers, timeline and revealed ratings",
        who="staff; an agent sees those that were in their hands",
        answer=ContactRecord,
        errors=(NotFound,),
    ),
    _supervisor("/api/contacts/{id}/close", _close, "End a contact"),
    _supervisor("/api/contacts/{id}/move", _move, "Move a waiting contact to a queue", Move),
    _supervisor("/api/agents/{id}/presence", _presence, "Set an agent's presence", SetPresence),
    _supervisor(
        "/api/queues/{id}/close", _close_queue, "Take nothing new, and say so", Announcement
    ),
    _supervisor("/api/queues/{id}/open", _open_queue, "Take contacts again"),
]


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
