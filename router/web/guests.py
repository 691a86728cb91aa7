"""An expert signs in on our own pages: chat and video then know them, as the keypad does."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from router.errors import NotFound, TooMany, Unauthenticated
from router.identity import guests
from router.identity.people import Identity
from router.web.keys import PEOPLE, POOL, SETTINGS
from router.web.requests import Body
from router.web.routes import Route, add, json

COOKIE = "secondline_guest"


class GuestLogin(Body):
    widget: Annotated[str, Meta(max_length=200)]
    expert_number: Annotated[str, Meta(pattern=r"^[0-9]{4,12}$")]
    pin: Annotated[str, Meta(min_length=1, max_length=12)]


class SignedIn(msgspec.Struct):
    name: str | None


async def identity_of(request: web.Request, workspace_id: UUID) -> Identity | None:
    """The expert whose session the request carries; None: nobody, or it has been ended."""
    text = request.cookies.get(COOKIE)
    guest = guests.unseal(text, request.app[SETTINGS].secret_key) if text else None
    if guest is None or guest.workspace_id != workspace_id:
        return None
    return await request.app[PEOPLE].by_guest(guest)


async def _workspace(request: web.Request, widget: str) -> UUID:
    found: UUID | None = None
    if "\0" not in widget:
        found = await request.app[POOL].fetchval(
            "select workspace_id from entry_point"
            " where kind = 'widget' and address = $1 and retired_at is null",
            widget,
        )
    if found is None:
        raise NotFound("There is no such widget.", field="widget")
    return found


async def _sign_in(request: web.Request, body: GuestLogin) -> web.Response:
    app = request.app
    workspace_id = await _workspace(request, body.widget)
    identity = await app[PEOPLE].by_pin(workspace_id, body.expert_number, body.pin, caller=None)
    guest = await app[PEOPLE].guest(workspace_id, body.expert_number) if identity else None
    if identity is None or guest is None:
        raise Unauthenticated("This expert number and PIN do not belong together.", field="pin")
    response = json(SignedIn(identity.name))
    response.set_cookie(
        COOKIE,
        guests.seal(guest, app[SETTINGS].secret_key),
        max_age=int(guests.LIFE / timedelta(seconds=1)),
        httponly=True,
        samesite="Lax",
        secure=app[SETTINGS].secure,
    )
    return response


async def _read(request: web.Request) -> SignedIn:
    workspace_id = await _workspace(request, request.query.get("widget", ""))
    identity = await identity_of(request, workspace_id)
    if identity is None:
        raise Unauthenticated("Nobody is signed in here.")
    return SignedIn(identity.name)


async def _sign_out(_request: web.Request) -> web.Response:
    response = web.Response(status=204)
    response.del_cookie(COOKIE)
    return response


ROUTES = [
    Route(
        "POST",
        "/api/guest",
        _sign_in,
        "Sign in as an expert, with expert number and PIN",
        body=GuestLogin,
        answer=SignedIn,
        errors=(NotFound, Unauthenticated, TooMany),
    ),
    Route(
        "GET",
        "/api/guest",
        _read,
        "Which expert is signed in",
        who="person",
        answer=SignedIn,
        errors=(NotFound, Unauthenticated),
    ),
    Route("DELETE", "/api/guest", _sign_out, "Sign out", who="person"),
]


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
