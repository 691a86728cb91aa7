"""The policy as one document: what is active, its history, checking, activating, rolling back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from router.errors import Conflict, NotFound
from router.policy import text
from router.policy.difference import Change, difference
from router.policy.text import Problem
from router.policy.versions import Activated, Version
from router.web.keys import HUB, POLICY
from router.web.requests import Body
from router.web.routes import Route, add
from router.web.viewers import viewer

LIMIT = 8 * 1024 * 1024
"""Bytes of a body with a document in it: JSON writes some characters with six."""

Source = Annotated[str, Meta(max_length=text.LONGEST, description="YAML")]
Note = Annotated[str, Meta(max_length=500, description="why, for the history")]
Number = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class VersionRecord(msgspec.Struct):
    """A version. at, author: none where it is older than the history; author: none for the
    command line. restores: the version whose content it brought back."""

    number: int
    note: str
    author: str | None
    at: datetime | None
    restores: int | None
    active: bool


class VersionText(VersionRecord):
    """A version with its YAML."""

    text: str


class VersionList(msgspec.Struct):
    versions: list[VersionRecord]
    active: int


class Checked(msgspec.Struct):
    """problems: in order of their lines; changes: against the active version, if there are none.

    hints: what is odd and stands in nobody's way, such as a skill that no agent has.
    """

    problems: list[Problem]
    hints: list[Problem]
    changes: list[Change]
    active: int


class Changes(msgspec.Struct):
    changes: list[Change]


class Draft(Body):
    text: Source


class Activation(Body, kw_only=True):
    """seen: the version that it was made against."""

    text: Source
    seen: Number
    note: Note = ""


class Rollback(Body, kw_only=True):
    """number: the version to bring back. seen: the active version, as the sender knows it."""

    number: Number
    seen: Number
    note: Note = ""


class Page(Body):
    before: Number | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class Between(Body, kw_only=True):
    """before: left out: the version in front of it."""

    before: Number | None = None
    after: Number


async def _read(request: web.Request) -> VersionText:
    who = await viewer(request, "admin")
    version = await request.app[POLICY].active(who.workspace_id)
    return _text(version, version.number)


async def _history(request: web.Request, query: Page) -> VersionList:
    who = await viewer(request, "admin")
    versions = request.app[POLICY]
    active = await versions.active(who.workspace_id)
    found = await versions.history(who.workspace_id, before=query.before, limit=query.limit)
    if active.at is None and query.before is None:
        found = [active, *found]
    return VersionList([_record(each, active.number) for each in found], active.number)


async def _version(request: web.Request) -> VersionText:
    who = await viewer(request, "admin")
    versions = request.app[POLICY]
    number = _number(request)
    active = await versions.active(who.workspace_id)
    return _text(await versions.version(who.workspace_id, number), active.number)


async def _difference(request: web.Request, query: Between) -> Changes:
    who = await viewer(request, "admin")
    versions = request.app[POLICY]
    after = await versions.version(who.workspace_id, query.after)
    earlier = query.after - 1 if query.before is None else query.before
    if earlier == 0:
        return Changes([])
    before = await versions.version(who.workspace_id, earlier)
    return Changes(difference(before.document, after.document))


async def _check(request: web.Request, body: Draft) -> Checked:
    who = await viewer(request, "admin")
    versions = request.app[POLICY]
    document, problems = await versions.check(who.workspace_id, body.text)
    active = await versions.active(who.workspace_id)
    if document is None:
        return Checked(problems, [], [], active.number)
    hints = await versions.hints(who.workspace_id, body.text, document)
    return Checked([], hints, difference(active.document, document), active.number)


async def _activate(request: web.Request, body: Activation) -> VersionText:
    who = await viewer(request, "admin")
    done = await request.app[POLICY].activate(
        who.workspace_id,
        body.text,
        seen=body.seen,
        note=body.note.strip(),
        account=who.account_id,
    )
    await tell(request.app, who.workspace_id, done)
    return _text(done.version, done.version.number)


async def _roll_back(request: web.Request, body: Rollback) -> VersionText:
    who = await viewer(request, "admin")
    done = await request.app[POLICY].roll_back(
        who.workspace_id,
        body.number,
        seen=body.seen,
        note=body.note.strip(),
        account=who.account_id,
    )
    await tell(request.app, who.workspace_id, done)
    return _text(done.version, done.version.number)


async def tell(app: web.Application, workspace_id: UUID, done: Activated) -> None:
    """Pages that show queues read them again; call it after the commit."""
    for queue in done.queues:
        await app[HUB].publish(workspace_id, {"t": "queue", "queue": str(queue)})


def _number(request: web.Request) -> int:
    try:
        return int(request.match_info["number"])
    except ValueError:
        raise NotFound("There is no such version.") from None


def _record(version: Version, active: int) -> VersionRecord:
    return VersionRecord(**_fields(version, active))


def _text(version: Version, active: int) -> VersionText:
    return VersionText(**_fields(version, active), text=version.text)


def _fields(version: Version, active: int) -> dict[str, Any]:
    return {
        "number": version.number,
        "note": version.note,
        "author": version.author,
        "at": version.at,
        "restores": version.restores,
        "active": version.number == active,
    }


_PATH = "/api/policy"

ROUTES = [
    Route("GET", _PATH, _read, "The active policy, as YAML", who="admin", answer=VersionText),
    Route("GET", _PATH + "/versions", _history, "Versions, the newest first", who="admin",
          query=Page, answer=VersionList),
    Route("GET", _PATH + "/versions/{number}", _version, "A version with its YAML", who="admin",
          answer=VersionText, errors=(NotFound,)),
    Route("GET", _PATH + "/difference", _difference, "What differs between two versions",
          who="admin", query=Between, answer=Changes, errors=(NotFound,)),
    Route("POST", _PATH + "/check", _check, "What is wrong with a text, and what it would change",
          who="admin", body=Draft, limit=LIMIT, answer=Checked),
    Route("POST", _PATH + "/activate", _activate, "Make a text the policy", who="admin",
          body=Activation, limit=LIMIT, answer=VersionText, errors=(Conflict,)),
    Route("POST", _PATH + "/rollback", _roll_back, "Bring back what a version was", who="admin",
          body=Rollback, answer=VersionText, errors=(NotFound, Conflict)),
]  # fmt: skip


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
