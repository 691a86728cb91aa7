"""Staff and agents, as admins keep them."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from router.errors import Conflict, NotFound
from router.identity import directory
from router.identity.agents import Agent
from router.identity.directory import AccountRecord
from router.web.keys import ACCOUNTS, CONTACTS, INVITATIONS, POOL, SETTINGS
from router.web.requests import Body, path_id
from router.web.routes import Route, add
from router.web.viewers import viewer

Role = Literal["agent", "supervisor", "admin"]
Text = Annotated[str, Meta(max_length=1000)]
Word = Annotated[str, Meta(max_length=100)]
Count = Annotated[int, Meta(ge=0, le=20)]


class Capacity(Body):
    """How many contacts at once on each channel; at most one voice and one video.

    all: of all channels together, null: no bound of its own.
    """

    voice: Count = 1
    chat: Count = 3
    video: Count = 1
    all: Annotated[int, Meta(ge=1, le=22)] | None = None


class Location(Body):
    """Where somebody works, as far as it matters. country: two letters."""

    country: Word | None = None
    region: Word | None = None
    city: Word | None = None


class AgentBody(Body, kw_only=True):
    """What an account can serve. reach_address: a phone number or SIP address, by `reach`.

    The rest is for filters. levels: of skills and languages, 0 to 10. attributes: the
    workspace's own names, as its rules declare them.
    """

    tier: Annotated[int, Meta(ge=1, le=9)] = 1
    languages: Annotated[tuple[Word, ...], Meta(max_length=20)] = ()
    skills: Annotated[tuple[Word, ...], Meta(max_length=100)] = ()
    capacity: Capacity = msgspec.field(default_factory=Capacity)
    reach: Literal["softphone", "phone", "sip"] = "softphone"
    reach_address: Text | None = None
    levels: Annotated[dict[Word, int], Meta(max_length=120)] = msgspec.field(default_factory=dict)
    qualifications: Annotated[tuple[Word, ...], Meta(max_length=100)] = ()
    tags: Annotated[tuple[Word, ...], Meta(max_length=100)] = ()
    location: Location = msgspec.field(default_factory=Location)
    attributes: Annotated[dict[Word, Any], Meta(max_length=50)] = msgspec.field(
        default_factory=dict
    )


class NewAccount(Body, kw_only=True):
    email: Text
    name: Text
    role: Role
    agent: AgentBody | None = None


class AccountChange(Body):
    """What is absent stays. agent null: takes no more contacts."""

    name: Text | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    email: Text | UnsetType = UNSET
    agent: AgentBody | UnsetType | None = UNSET


class AccountQuery(Body):
    search: Text = ""
    limit: Annotated[int, Meta(ge=1, le=50_000)] = 5000


class AccountList(msgspec.Struct):
    """The first by name, and how many match."""

    accounts: list[AccountRecord]
    total: int


class Link(msgspec.Struct):
    """An address to hand to its person; works once."""

    link: str


class Invited(msgspec.Struct):
    account: AccountRecord
    link: str


def _agent(body: AgentBody | UnsetType | None) -> Agent | None:
    if not isinstance(body, AgentBody):
        return None
    return Agent(
        body.tier,
        body.languages,
        body.skills,
        {
            channel: count
            for channel, count in msgspec.to_builtins(body.capacity).items()
            if count is not None
        },
        body.reach,
        body.reach_address,
        body.levels,
        body.qualifications,
        body.tags,
        {name: text for name, text in msgspec.to_builtins(body.location).items() if text},
        body.attributes,
    )


async def _list(request: web.Request, query: AccountQuery) -> AccountList:
    who = await viewer(request, "admin")
    found = await directory.accounts(request.app[POOL], who.workspace_id, query.search, query.limit)
    return AccountList(*found)


async def _create(request: web.Request, body: NewAccount) -> Invited:
    who = await viewer(request, "admin")
    made = await request.app[ACCOUNTS].create(
        who.workspace_id,
        email=body.email,
        name=body.name,
        role=body.role,
        agent=_agent(body.agent),
        by=who.account_id,
    )
    link = await _make_link(request, who.workspace_id, made, "invite", who.account_id)
    return Invited(await directory.account(request.app[POOL], who.workspace_id, made), link)


async def _change(request: web.Request, body: AccountChange) -> AccountRecord:
    who = await viewer(request, "admin")
    account_id = path_id(request)
    await request.app[ACCOUNTS].change(
        who.workspace_id,
        account_id,
        email=None if body.email is UNSET else body.email,
        name=None if body.name is UNSET else body.name,
        role=None if body.role is UNSET else body.role,
        agent=_agent(body.agent),
        retire=body.agent is None,
        by=who.account_id,
    )
    return await directory.account(request.app[POOL], who.workspace_id, account_id)


async def _disable(request: web.Request) -> AccountRecord:
    who = await viewer(request, "admin")
    account_id = path_id(request)
    await request.app[ACCOUNTS].disable(who.workspace_id, account_id, by=who.account_id)
    # their customers would else wait for the desk's lease to run out
    await request.app[CONTACTS].hand_back(who.workspace_id, account_id, "agent_left")
    return await directory.account(request.app[POOL], who.workspace_id, account_id)


async def _enable(request: web.Request) -> AccountRecord:
    who = await viewer(request, "admin")
    account_id = path_id(request)
    await request.app[ACCOUNTS].enable(who.workspace_id, account_id, by=who.account_id)
    return await directory.account(request.app[POOL], who.workspace_id, account_id)


async def _invite(request: web.Request) -> Link:
    who = await viewer(request, "admin")
    return Link(
        await _make_link(request, who.workspace_id, path_id(request), "invite", who.account_id)
    )


async def _reset(request: web.Request) -> Link:
    who = await viewer(request, "admin")
    return Link(
        await _make_link(request, who.workspace_id, path_id(request), "reset", who.account_id)
    )


async def _make_link(
    request: web.Request, ws: UUID, account_id: UUID, purpose: str, by: UUID
) -> str:
    secret = await request.app[INVITATIONS].make(ws, account_id, purpose, by=by)
    return f"{request.app[SETTINGS].public_url}/login?token={secret}"


_ONE = "/api/accounts/{id}"

ROUTES = [
    Route("GET", "/api/accounts", _list, "Staff and agents, by name", who="admin",
          query=AccountQuery, answer=AccountList),
    Route("POST", "/api/accounts", _create, "Make an account, and the link of its invitation",
          who="admin", body=NewAccount, answer=Invited, status=201, errors=(Conflict,)),
    Route("PATCH", _ONE, _change, "Change an account; another role ends its sessions",
          who="admin", body=AccountChange, answer=AccountRecord, errors=(NotFound, Conflict)),
    Route("POST", _ONE + "/disable", _disable, "Shut an account out at once, open sockets included",
          who="admin", answer=AccountRecord, errors=(NotFound, Conflict)),
    Route("POST", _ONE + "/enable", _enable, "Let a disabled account in again", who="admin",
          answer=AccountRecord, errors=(NotFound,)),
    Route("POST", _ONE + "/invite", _invite, "A new link to choose the first password, for 7 days",
          who="admin", answer=Link, errors=(NotFound, Conflict)),
    Route("POST", _ONE + "/reset", _reset, "A link to choose another password, for one hour",
          who="admin", answer=Link, errors=(NotFound, Conflict)),
]  # fmt: skip


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
