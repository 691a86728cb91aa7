"""What the signed-in member of staff is told of themselves: `GET /api/me`, and on the desk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from aiohttp import web

from router.web.keys import POOL
from router.web.routes import Route, add
from router.web.viewers import Viewer, viewer


class Workspace(msgspec.Struct):
    name: str
    slug: str


class AgentProfile(msgspec.Struct):
    tier: int
    languages: list[str]
    skills: list[str]
    capacity: dict[str, int]
    reach: str


class Me(msgspec.Struct):
    account: UUID
    name: str
    role: str
    workspace: Workspace
    agent: AgentProfile | None


async def me(app: web.Application, who: Viewer) -> Me:
    """As the truth has it now."""
    return (await all_of(app[POOL], [who]))[who.account_id]


async def all_of(pool: asyncpg.Pool[asyncpg.Record], viewers: Iterable[Viewer]) -> dict[UUID, Me]:
    """The same for many at once, by account."""
    by_account = {who.account_id: who for who in viewers}
    rows: Any = await pool.fetch(
        "select a.id, w.name as workspace, w.slug, g.tier, g.languages, g.skills, g.capacity,"
        " g.reach from account a join workspace w on w.id = a.workspace_id"
        " left join agent g on g.id = a.id where a.id = any($1)",
        list(by_account),
    )
    found = {}
    for row in rows:
        who, agent = by_account[row["id"]], None
        if row["tier"] is not None:
            agent = AgentProfile(
                row["tier"], row["languages"], row["skills"], row["capacity"], row["reach"]
            )
        workspace = Workspace(row["workspace"], row["slug"])
        found[row["id"]] = Me(who.account_id, who.name, who.role, workspace, agent)
    return found


async def _read(request: web.Request) -> Me:
    return await me(request.app, await viewer(request))


ROUTES = [Route("GET", "/api/me", _read, "Who is signed in", who="staff", answer=Me)]


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
