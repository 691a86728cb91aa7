"""The demo company's own site: what its support page asks, and the tokens that it signs."""

from __future__ import annotations

import msgspec
from aiohttp import web

from router.demo import cast
from router.errors import NotFound
from router.identity.visitors import make_token
from router.settings import Settings
from router.web.keys import POOL, SETTINGS
from router.web.routes import Route, add


class Number(msgspec.Struct):
    number: str
    label: str


class SignedIn(msgspec.Struct):
    """Somebody whom the site knows. token: its word on that, for an hour."""

    name: str
    about: str
    token: str


class Site(msgspec.Struct):
    company: str
    phone: list[Number]
    visitors: list[SignedIn]


async def _site(request: web.Request) -> Site:
    row = await request.app[POOL].fetchrow(
        "select name, token_secret from workspace where slug = $1", cast.SLUG
    )
    if row is None:
        raise NotFound("There is no demo company here.")
    secret = row["token_secret"]
    experts = [
        SignedIn(
            expert.name,
            f"expert, looks after {expert.network_size} customers",
            make_token(secret, expert.account, name=expert.name, expert_number=expert.number),
        )
        for expert in cast.EXPERTS
    ]
    customers = [
        SignedIn(one.name, "customer", make_token(secret, one.account, name=one.name))
        for one in cast.CUSTOMERS
    ]
    return Site(row["name"], _numbers(request.app[SETTINGS]), [*experts, *customers])


def _numbers(settings: Settings) -> list[Number]:
    """With a real account at the vendor, nobody could dial numbers that are made up."""
    if not settings.standin:
        return []
    return [Number(line.address, line.label) for line in cast.LINES]


ROUTES = [
    Route(
        "GET",
        "/api/demo",
        _site,
        "Demo only: the made-up company, its numbers, and who to continue as",
        answer=Site,
        errors=(NotFound,),
    ),
]


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
