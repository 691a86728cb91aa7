"""The workspace's own settings: its name, its own attributes, and the secret of host sites."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from aiohttp import web

from router.queues.rules import Attributes, parse_rules
from router.web.keys import POOL
from router.web.routes import Route, add
from router.web.viewers import viewer


class WorkspaceRecord(msgspec.Struct):
    """token_secret: for HS256; only for the servers of host sites, never for a page.

    attributes: the workspace's own names of agents and contacts, by its rules.
    """

    name: str
    slug: str
    country: str
    time_zone: str
    token_secret: str
    attributes: Attributes


_SELECT = "select name, slug, country, time_zone, token_secret, policy from workspace where id = $1"


def _record(row: Any) -> WorkspaceRecord:
    values = dict(row)
    return WorkspaceRecord(attributes=parse_rules(values.pop("policy")).attributes, **values)


async def _read(request: web.Request) -> WorkspaceRecord:
    who = await viewer(request, "admin")
    return _record(await request.app[POOL].fetchrow(_SELECT, who.workspace_id))


async def _renew_secret(request: web.Request) -> WorkspaceRecord:
    who = await viewer(request, "admin")
    async with request.app[POOL].acquire() as connection, connection.transaction():
        await connection.execute(
            "update workspace set token_secret = $2 where id = $1",
            who.workspace_id,
            secrets.token_hex(32),
        )
        await connection.execute(
            "insert into audit (workspace_id, account_id, action) values ($1, $2, $3)",
            who.workspace_id,
            who.account_id,
            "workspace.token_secret",
        )
        row = await connection.fetchrow(_SELECT, who.workspace_id)
    return _record(row)


ROUTES = [
    Route(
        "GET",
        "/api/workspace",
        _read,
        "The workspace, and what host sites sign tokens with",
        who="admin",
        answer=WorkspaceRecord,
    ),
    Route(
        "POST",
        "/api/workspace/token-secret",
        _renew_secret,
        "Sign tokens with a new secret; those signed with the old one end at once",
        who="admin",
        answer=WorkspaceRecord,
    ),
]


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
