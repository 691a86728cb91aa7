"""All that admins and signing in need, for the wiring to add at once."""

from __future__ import annotations

from aiohttp import web

from router.web import accounts, entry_points, experts, login, people, policy, queues, ratings
from router.web.routes import Route, add

ROUTES: list[Route] = [
    *login.ROUTES,
    *accounts.ROUTES,
    *experts.ROUTES,
    *queues.ROUTES,
    *entry_points.ROUTES,
    *policy.ROUTES,
    *people.ROUTES,
    *ratings.ROUTES,
]


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
