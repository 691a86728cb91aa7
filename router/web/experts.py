"""Experts, as admins keep them: one by one, from a file, and their PINs."""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from router.errors import Conflict, Invalid, Malformed, NotFound
from router.identity import directory, entries, imports
from router.identity.directory import ExpertRecord
from router.identity.entries import Entry
from router.web.keys import EXPERTS, POOL
from router.web.requests import Body, path_id, raw_body
from router.web.routes import Route, add
from router.web.viewers import viewer

Text = Annotated[str, Meta(max_length=1000)]
Words = Annotated[tuple[Text, ...], Meta(max_length=50)]


class NewExpert(Body, kw_only=True):
    """phones: in any spelling; without a plus, by the workspace's country."""

    number: Text
    name: Text
    phones: Words = ()
    mail: Text | None = None
    account: Text | None = None
    languages: Words = ()
    network_size: int = 0
    active: bool = True


class ExpertChange(Body):
    """What is absent stays; null and empty take away."""

    number: Text | UnsetType = UNSET
    name: Text | UnsetType = UNSET
    phones: Words | UnsetType = UNSET
    mail: Text | UnsetType | None = UNSET
    account: Text | UnsetType | None = UNSET
    languages: Words | UnsetType = UNSET
    network_size: int | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class ExpertQuery(Body):
    """search: part of a name or address, or the beginning of a number."""

    search: Text = ""
    limit: Annotated[int, Meta(ge=1, le=5000)] = 200


class ExpertList(msgspec.Struct):
    """The first by number, and how many match."""

    experts: list[ExpertRecord]
    total: int


class Pin(msgspec.Struct):
    """Shown once: only its hash is kept."""

    pin: str


class RefusedRow(msgspec.Struct):
    """line: in the file, from 1. field: the column at fault, null for the row as a whole."""

    line: int
    field: str | None
    why: str


class ImportReport(msgspec.Struct):
    created: int
    updated: int
    unchanged: int
    refused: list[RefusedRow]


def _entry(body: NewExpert | ExpertChange, country: str) -> Entry:
    """What the body states, checked. Raises Invalid naming the field. Pure."""
    return Entry(
        number="" if body.number is UNSET else entries.expert_number(body.number),
        name=None if body.name is UNSET else entries.name(body.name),
        phones=None if body.phones is UNSET else entries.phones(body.phones, country),
        mail=None if body.mail is UNSET else entries.mail(body.mail or ""),
        account=None if body.account is UNSET else entries.account(body.account or ""),
        languages=None if body.languages is UNSET else entries.languages(body.languages),
        network_size=None
        if body.network_size is UNSET
        else entries.network_size(body.network_size),
        active=None if body.active is UNSET else body.active,
    )


async def _list(request: web.Request, query: ExpertQuery) -> ExpertList:
    who = await viewer(request, "admin")
    found = await directory.experts(request.app[POOL], who.workspace_id, query.search, query.limit)
    return ExpertList(*found)


async def _create(request: web.Request, body: NewExpert) -> ExpertRecord:
    who = await viewer(request, "admin")
    experts = request.app[EXPERTS]
    entry = _entry(body, await experts.country(who.workspace_id))
    made = await experts.create(who.workspace_id, entry, by=who.account_id)
    return await directory.expert(request.app[POOL], who.workspace_id, made)


async def _change(request: web.Request, body: ExpertChange) -> ExpertRecord:
    who = await viewer(request, "admin")
    experts, person_id = request.app[EXPERTS], path_id(request)
    entry = _entry(body, await experts.country(who.workspace_id))
    await experts.change(
        who.workspace_id, person_id, entry, number=entry.number or None, by=who.account_id
    )
    return await directory.expert(request.app[POOL], who.workspace_id, person_id)


async def _import(request: web.Request) -> ImportReport:
    who = await viewer(request, "admin")
    if request.content_type != "text/csv":
        raise Invalid("Send the file as text/csv.", field="content-type")
    data = await raw_body(request, limit=imports.MAX_BYTES)
    report = await request.app[EXPERTS].read_file(who.workspace_id, data, by=who.account_id)
    return ImportReport(
        report.created,
        report.updated,
        report.unchanged,
        [RefusedRow(row.line, row.field, row.why) for row in report.refused],
    )


async def _issue_pin(request: web.Request) -> Pin:
    who = await viewer(request, "admin")
    return Pin(
        await request.app[EXPERTS].issue_pin(who.workspace_id, path_id(request), by=who.account_id)
    )


async def _revoke_pin(request: web.Request) -> None:
    who = await viewer(request, "admin")
    await request.app[EXPERTS].revoke_pin(who.workspace_id, path_id(request), by=who.account_id)


_ONE = "/api/experts/{id}"

ROUTES = [
    Route("GET", "/api/experts", _list, "Experts, by number", who="admin", query=ExpertQuery,
          answer=ExpertList),
    Route("POST", "/api/experts", _create, "Register an expert", who="admin", body=NewExpert,
          answer=ExpertRecord, status=201, errors=(Conflict,)),
    Route("PATCH", _ONE, _change, "Change an expert", who="admin", body=ExpertChange,
          answer=ExpertRecord, errors=(NotFound, Conflict)),
    Route("POST", "/api/experts/import", _import,
          "Register experts from a CSV file; rows that are refused are told with the reason",
          who="admin", body=str, media="text/csv", answer=ImportReport,
          errors=(Malformed, Invalid)),
    Route("POST", _ONE + "/pin", _issue_pin, "Issue a PIN in place of the former one; shown once",
          who="admin", answer=Pin, errors=(NotFound, Conflict)),
    Route("DELETE", _ONE + "/pin", _revoke_pin, "Revoke the PIN at once", who="admin",
          errors=(NotFound,)),
]  # fmt: skip


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
