"""The REST endpoints that the service calls, as the real SDK expects them."""

from __future__ import annotations

from aiohttp import web

from router.standin.rest import calls, conferences, participants, recordings


def add_routes(router: web.UrlDispatcher) -> None:
    for module in (calls, conferences, participants, recordings):
        module.add_routes(router)
