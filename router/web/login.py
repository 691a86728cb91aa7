"""Signing in and out, and choosing a password by a link."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from router.errors import TooMany, Unauthenticated
from router.web.keys import INVITATIONS, SESSIONS
from router.web.requests import Body
from router.web.routes import Route, add
from router.web.viewers import COOKIE, forget, remember

Password = Annotated[str, Meta(max_length=1000)]


class Login(Body, kw_only=True):
    email: Annotated[str, Meta(max_length=1000)]
    password: Password


class Acceptance(Body, kw_only=True):
    """token: from the link."""

    token: Annotated[str, Meta(max_length=200)]
    password: Password


async def _login(request: web.Request, body: Login) -> web.Response:
    token = await request.app[SESSIONS].login(body.email, body.password)
    response = web.Response(status=204)
    remember(request, response, token)
    return response


async def _logout(request: web.Request) -> web.Response:
    sessions = request.app[SESSIONS]
    response = web.Response(status=204)
    forget(request, response)
    try:
        await sessions.end(await sessions.viewer(request.cookies.get(COOKIE)))
    except Unauthenticated:
        # signed out already, by another tab or by time
        return response
    return response


async def _accept(request: web.Request, body: Acceptance) -> None:
    await request.app[INVITATIONS].accept(body.token, body.password)


ROUTES = [
    Route(
        "POST",
        "/api/login",
        _login,
        "Sign in: sets the session's cookie, for 12 hours",
        body=Login,
        errors=(Unauthenticated, TooMany),
    ),
    Route("POST", "/api/logout", _logout, "Sign out: ends the session and its sockets"),
    Route(
        "POST",
        "/api/invitations/accept",
        _accept,
        "Choose a password by the link of an invitation or reset; works once",
        who="link",
        body=Acceptance,
        errors=(Unauthenticated,),
    ),
]


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
