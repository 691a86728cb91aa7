"""`GET /api/ice`: the servers through which two browsers find each other."""

from __future__ import annotations

import time
from typing import Annotated, Any
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from router.channels.video import ice_servers
from router.errors import Invalid, Unauthenticated
from router.web.contact_socket import same_secret
from router.web.keys import POOL, SETTINGS
from router.web.requests import Body
from router.web.routes import Route, add
from router.web.viewers import viewer


class IceQuery(Body):
    contact: UUID | None = None
    secret: Annotated[str, Meta(max_length=200)] | None = None


class Ice(msgspec.Struct):
    ice_servers: list[dict[str, Any]]


async def _ice(request: web.Request, query: IceQuery) -> Ice:
    settings = request.app[SETTINGS]
    servers = ice_servers(
        settings.stun_urls,
        settings.turn_urls,
        settings.turn_secret,
        subject=await _subject(request, query),
        now=time.time(),
    )
    return Ice(servers)


async def _subject(request: web.Request, query: IceQuery) -> str:
    if query.contact is None and query.secret is None:
        return f"agent-{(await viewer(request, 'agent')).account_id}"
    if query.contact is None or query.secret is None:
        missing = "contact" if query.contact is None else "secret"
        raise Invalid("Contact and secret go together.", field=missing)
    row: Any = await request.app[POOL].fetchrow(
        "select secret_hash, state from contact where id = $1", query.contact
    )
    if row is None or not same_secret(query.secret, row["secret_hash"]) or row["state"] == "ended":
        raise Unauthenticated("This contact's secret is not right, or it has ended.")
    return f"contact-{query.contact}"


ROUTES = [
    Route(
        "GET",
        "/api/ice",
        _ice,
        "ICE servers with credentials that last an hour",
        who="agent; person with contact and secret",
        query=IceQuery,
        answer=Ice,
        errors=(Unauthenticated,),
        origins="widget",
    )
]


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
