"""Which sites' pages may talk to us.

A browser says where a page comes from. What changes state, and every socket, is refused (403)
to pages of other sites; host sites of a widget may use the widget's addresses alone, without
cookies. Programs send no Origin and are judged by what they present.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from router.errors import Forbidden
from router.web.keys import POOL, SETTINGS
from router.web.routes import Route, record, route_of

_SAFE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
_KEPT_SECONDS = 10.0
CUSTOMER_SOCKET = "/ws/contact"


class HostSites:
    """The origins of all widgets' host sites, as the database had them some seconds ago."""

    def __init__(self) -> None:
        self._origins: frozenset[str] = frozenset()
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def has(self, app: web.Application, origin: str) -> bool:
        """Whether some widget may stand on this site."""
        if time.monotonic() - self._read_at > _KEPT_SECONDS:
            async with self._lock:
                if time.monotonic() - self._read_at > _KEPT_SECONDS:
                    rows = await app[POOL].fetch(
                        "select distinct unnest(origins) as origin from entry_point"
                        " where kind = 'widget' and retired_at is null"
                    )
                    self._origins = frozenset(row["origin"] for row in rows)
                    self._read_at = time.monotonic()
        return origin in self._origins


HOST_SITES: web.AppKey[HostSites] = web.AppKey("host_sites", HostSites)
_WELCOME: web.RequestKey[str] = web.RequestKey("welcome", str)


def foreign(request: web.Request) -> str | None:
    """The request's Origin where it is not this service's own; None: own, or not a browser."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return None
    public = urlsplit(request.app[SETTINGS].public_url)
    theirs = urlsplit(origin)
    if (theirs.scheme, theirs.netloc) == (public.scheme, public.netloc):
        return None
    # one machine answers to several names (localhost, 127.0.0.1): a browser sends the name that
    # it asked, and a foreign page cannot make it send another. Never http beside an https one.
    if theirs.netloc == request.host and theirs.scheme in (public.scheme, "https"):
        return None
    return origin


def allow_embedding(request: web.Request, origins: list[str]) -> None:
    """Refuse a page of a site that this one widget may not stand on. Raises Forbidden."""
    origin = foreign(request)
    if origin is not None and origin not in origins:
        raise Forbidden("This site may not embed the widget.")


@web.middleware
async def check_origin(request: web.Request, handler: Any) -> web.StreamResponse:
    """Refuse foreign pages; let widgets' host sites in where the route says so."""
    origin = foreign(request)
    if origin is None:
        response: web.StreamResponse = await handler(request)
        return response
    if request.method == hdrs.METH_OPTIONS and (
        asked := request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_METHOD)
    ):
        return await _preflight(request, origin, asked)
    route = route_of(request)
    if route is not None and route.origins == "widget":
        await _require_host_site(request, origin)
        # the host site's page may read refusals as well, which are made further out
        request[_WELCOME] = origin
        response = await handler(request)
        return response
    if request.path == CUSTOMER_SOCKET:
        # which widget it is, the first frame says: the socket then looks closer
        await _require_host_site(request, origin)
    elif request.method not in _SAFE or _upgrades(request):
        raise Forbidden("Requests from pages of other sites are refused.")
    response = await handler(request)
    return response


async def let_read(request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`: a host site that was let in may read the answer."""
    if (origin := request.get(_WELCOME)) is not None:
        response.headers.update(_allowed(origin))


def _upgrades(request: web.Request) -> bool:
    return request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"


async def _require_host_site(request: web.Request, origin: str) -> None:
    if not await request.app[HOST_SITES].has(request.app, origin):
        raise Forbidden("This site may not embed the widget.")


async def _preflight(request: web.Request, origin: str, method: str) -> web.Response:
    route: Route | None = None
    if method.isascii() and method.isalpha():
        match = await request.app.router.resolve(request.clone(method=method.upper()))
        route = record(match.handler)
    if route is None or route.origins != "widget":
        raise Forbidden("Requests from pages of other sites are refused.")
    await _require_host_site(request, origin)
    return web.Response(
        status=204,
        headers={
            **_allowed(origin),
            hdrs.ACCESS_CONTROL_ALLOW_METHODS: route.method,
            hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "content-type",
            hdrs.ACCESS_CONTROL_MAX_AGE: "600",
        },
    )


def _allowed(origin: str) -> dict[str, str]:
    return {
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: origin,
        hdrs.VARY: "Origin",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
