"""What a host site's widget needs: what its form asks, and opening a contact."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import msgspec
import structlog
from aiohttp import web
from msgspec import Meta

from router.channels.arrivals import Arrival, Found, Newcomer
from router.channels.conversation import clean_text
from router.channels.records import Contact
from router.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from router.filters import AttributeType, checked_attributes
from router.identity import entries
from router.identity.people import Identity
from router.identity.visitors import Visitor, read_token, unproven_subject
from router.queues.picture import policy_of
from router.queues.rules import parse_rules
from router.web import guests, limits, origins
from router.web.keys import CONTACTS, CONVERSATIONS, LEASES, PEOPLE, POOL, SETTINGS
from router.web.requests import Body, Language
from router.web.routes import Route, add

log = structlog.get_logger(__name__)

# whoever knows it gets the contact's secret again, so it must not be guessed
FreshKey = Annotated[
    str,
    Meta(
        pattern=r"^[\x21-\x7e]{16,64}$",
        description="16 to 64 random characters, the client's own: sent again, same contact",
    ),
]

_WIDGET = """
select p.*, w.token_secret, w.policy as rules
from entry_point p join workspace w on w.id = p.workspace_id
where p.kind = 'widget' and p.address = $1 and p.retired_at is null
"""

# What an arrival asks of the truth, in one look. $2: the client's key, $3: the
# account that a token names, which is believed only once its signature is checked.
_ARRIVING = """
select p as entry, q as queue, now() as now, w.token_secret, w.policy as rules,
       k.id as known, k.person_id, k.role, k.assurance,
       n.id as person, n.name, n.provisional, coalesce(e.active, false) as expert
from entry_point p join workspace w on w.id = p.workspace_id
join queue q on q.id = p.customer_queue_id
left join contact k on k.workspace_id = p.workspace_id
  and k.provider_key = 'widget:' || p.id || ':' || $2
left join address a on a.workspace_id = p.workspace_id and a.kind = 'account' and a.value = $3
left join person n on n.id = a.person_id
left join expert e on e.person_id = n.id
where p.kind = 'widget' and p.address = $1 and p.retired_at is null
"""


class FormQuery(Body):
    language: Language | None = None


class Topic(msgspec.Struct):
    topic: str
    label: dict[str, str]


class Widget(msgspec.Struct):
    name: str
    language: str
    languages: list[str]
    topics: list[Topic]
    video: bool
    closed: str | None


class NewContact(Body):
    """agent: whom the person asks for, who is asked first when they are there.

    attributes: the workspace's own names; what a page says of them is a claim.
    """

    widget: Annotated[str, Meta(max_length=200)]
    channel: Literal["chat", "video"]
    key: FreshKey
    name: Annotated[str, Meta(max_length=1000)] | None = None
    mail: Annotated[str, Meta(max_length=1000)] | None = None
    language: Language | None = None
    topic: Annotated[str, Meta(max_length=200)] | None = None
    message: Annotated[str, Meta(max_length=20_000)] | None = None
    token: Annotated[str, Meta(max_length=8192)] | None = None
    agent: UUID | None = None
    attributes: Annotated[dict[str, Any], Meta(max_length=50)] = msgspec.field(default_factory=dict)


class Opened(msgspec.Struct):
    contact: UUID
    secret: str


def spoken(wanted: str | None, entry: Any) -> str:
    """The wanted language, or its plain form, if the entry point speaks it; else its own. Pure."""
    for candidate in (wanted, (wanted or "").partition("-")[0]):
        if candidate and candidate in entry["languages"]:
            return candidate
    language: str = entry["language"]
    return language


async def _entry(request: web.Request, address: str, field: str | None = None) -> Any:
    row = None
    if "\0" not in address:
        row = await request.app[POOL].fetchrow(_WIDGET, address)
    if row is None:
        raise NotFound("There is no such widget.", field=field)
    origins.allow_embedding(request, row["origins"])
    return row


async def _form(request: web.Request, query: FormQuery) -> Widget:
    entry = await _entry(request, request.match_info["key"])
    language = spoken(query.language, entry)
    topics = [Topic(choice["topic"], choice["label"]) for choice in entry["menu"]]
    closed = await request.app[CONTACTS].turned_away(entry["customer_queue_id"], language)
    return Widget(entry["name"], language, entry["languages"], topics, True, closed)


async def _open(request: web.Request, body: NewContact) -> Opened:
    app = request.app
    subject = unproven_subject(body.token) if body.token else None
    row = None
    if "\0" not in body.widget:
        row = await app[POOL].fetchrow(_ARRIVING, body.widget, body.key, subject)
    if row is None:
        raise NotFound("There is no such widget.", field="widget")
    entry = row["entry"]
    origins.allow_embedding(request, entry["origins"])
    name = entries.name(body.name) if body.name and body.name.strip() else None
    mail = entries.mail(body.mail) if body.mail and body.mail.strip() else None
    message = clean_text(body.message, field="message") if body.message else None
    visitor = read_token(body.token, row["token_secret"]) if body.token else None
    attributes = _attributes(entry, row["rules"], body.attributes, visitor)
    key = f"widget:{entry['id']}:{body.key}"
    secret = _secret(app[SETTINGS].secret_key, key)
    identity, newcomer = await _who(request, row, visitor, name, mail)
    arrival = Arrival(
        workspace_id=entry["workspace_id"],
        channel=body.channel,
        entry_point_id=entry["id"],
        provider_key=key,
        identity=identity,
        language=spoken(body.language, entry),
        topic=body.topic,
        secret_hash=hashlib.sha256(secret.encode()).digest(),
        asked_agent=body.agent,
        priority=visitor.priority if visitor else None,
        attributes=attributes,
        found=Found(entry, row["queue"], row["now"]) if row["known"] is None else None,
        newcomer=newcomer,
    )
    contact = await app[CONTACTS].arrive(arrival)
    document = row["queue"]["policy"]
    if contact.queue_id != row["queue"]["id"]:
        document = await app[POOL].fetchval(
            "select policy from queue where id = $1", contact.queue_id
        )
    # a page that never opens its socket has vanished as well
    vanished_seconds = policy_of(document).chat.vanished_seconds
    app[LEASES].expect(contact.workspace_id, contact.id, vanished_seconds)
    if message is not None:
        await _first_message(app, contact, body.key, message)
    return Opened(contact.id, secret)


def _attributes(
    entry: Any, rules: Any, said: dict[str, Any], visitor: Visitor | None
) -> dict[str, Any]:
    """What filters may name of the contact: the host site's word first, then the entry point's.

    A page can be made to say anything, so it may only state what the rules leave to pages.
    """
    declared = parse_rules(rules).attributes
    claims = {name: declared.contact[name] for name in declared.claims}
    return {
        **checked_attributes(said, claims, "attributes"),
        **entry["attributes"],
        **(_signed(visitor, declared.contact) if visitor else {}),
    }


def _signed(visitor: Visitor, declared: Mapping[str, AttributeType]) -> dict[str, Any]:
    """What the host site says, without what the rules do not know (any more).

    The visitor can do nothing about it and must not be shut out; the log tells the site's makers.
    """
    kept: dict[str, Any] = {}
    for name, value in visitor.attributes.items():
        try:
            kept |= checked_attributes({name: value}, declared, "token.attributes")
        except Invalid as error:
            log.warning("visitor.attribute_left_out", field=error.field, why=error.message)
    return kept


async def _who(
    request: web.Request, row: Any, visitor: Visitor | None, name: str | None, mail: str | None
) -> tuple[Identity, Newcomer | None]:
    """Who arrives; and what is kept of somebody whom nobody knows.

    row: of `_ARRIVING`. The usual visitor, a customer known by the host site under the same name,
    was found by that look already.
    """
    app, ws = request.app, row["entry"]["workspace_id"]
    if row["known"] is not None:
        # sent again: nobody new
        return Identity(row["person_id"], row["role"], row["assurance"]), None
    await limits.count(request, ws, "contacts", app[SETTINGS].contacts_per_minute)
    if visitor is None:
        if guest := await guests.identity_of(request, ws):
            return guest, None
        return Identity(uuid4(), "customer", 0, name), Newcomer(name, mail)
    usual = row["person"] is not None and not row["expert"] and visitor.expert_number is None
    if usual and visitor.name in (None, row["name"]):
        return Identity(row["person"], "customer", 3, row["name"]), None
    return await app[PEOPLE].by_visitor(ws, visitor, name=name, mail=mail), None


async def _first_message(app: web.Application, contact: Contact, key: str, text: str) -> None:
    try:
        await app[CONVERSATIONS].say(
            contact.workspace_id,
            contact.id,
            author="person",
            author_id=None,
            text=text,
            client_key=key,
        )
    except Conflict:
        # sent again after the end: the answer is still which contact it was
        return


def _secret(secret_key: str, provider_key: str) -> str:
    """The same for the same key, so that a repeat is answered alike; nowhere stored in clear."""
    digest = hmac.digest(secret_key.encode(), b"contact " + provider_key.encode(), "sha256")
    return digest.hex()


ROUTES = [
    Route(
        "GET",
        "/api/widgets/{key}",
        _form,
        "What the widget's form asks and says",
        query=FormQuery,
        answer=Widget,
        errors=(NotFound, Forbidden),
        origins="widget",
    ),
    Route(
        "POST",
        "/api/contacts",
        _open,
        "Open a chat or video contact",
        body=NewContact,
        answer=Opened,
        status=201,
        errors=(NotFound, Forbidden, Conflict, Unauthenticated, TooMany),
        origins="widget",
    ),
]


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
