"""Who is calling: the session in the cookie."""

from __future__ import annotations

from aiohttp import web

from router.identity.sessions import LIFE, Viewer
from router.web.keys import SESSIONS, SETTINGS

__all__ = ["COOKIE", "Viewer", "forget", "remember", "viewer"]

COOKIE = "secondline_session"


async def viewer(request: web.Request, *roles: str) -> Viewer:
    """The signed-in member of staff, who has one of these roles if any are named.

    Raises Unauthenticated, Forbidden.
    """
    return await request.app[SESSIONS].viewer(request.cookies.get(COOKIE), *roles)


def remember(request: web.Request, response: web.Response, token: str) -> None:
    """Put the session's token into the browser's cookie."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(LIFE.total_seconds()),
        path="/",
        httponly=True,
        samesite="Lax",
        secure=request.app[SETTINGS].secure,
    )


def forget(request: web.Request, response: web.Response) -> None:
    """Take the cookie back."""
    response.del_cookie(
        COOKIE, path="/", httponly=True, samesite="Lax", secure=request.app[SETTINGS].secure
    )
