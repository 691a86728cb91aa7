"""Callbacks and messages over HTTP: asking for a call, what was promised, hearing a message."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from router.channels.spending import begin_of_day
from router.channels.voice.voice import VOICE
from router.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unavailable
from router.identity.numbers import masked, normalise
from router.web import limits, origins
from router.web.contact_socket import same_secret
from router.web.keys import CONTACTS, POOL, SETTINGS
from router.web.requests import Body, path_id
from router.web.routes import Route, add
from router.web.viewers import viewer

Moment = Annotated[datetime, Meta(tz=True)]
Secret = Annotated[str, Meta(max_length=200)]
SHOWN = 500


class TimesQuery(Body):
    secret: Secret | None = None


class Times(msgspec.Struct):
    """When somebody of this contact's queue can be called. time_zone: in which to show them."""

    times: list[datetime]
    time_zone: str


class Wish(Body):
    """number: as dialled in the workspace's country; staff may leave it out where the person's is
    known. at: one of the offered times; without it, in the contact's turn. secret: the contact's.
    """

    number: Annotated[str, Meta(max_length=40)] | None = None
    at: Moment | None = None
    secret: Secret | None = None


class Promised(msgspec.Struct):
    """contact: the one that is to be called."""

    contact: UUID
    state: str
    at: datetime | None


class CallbackRow(msgspec.Struct):
    contact: UUID
    queue: str
    state: str
    number_masked: str
    at: datetime | None
    asked_at: datetime
    asked_by: str
    tries: int


class MessageRow(msgspec.Struct):
    contact: UUID
    queue: str
    channel: str
    state: str
    due_at: datetime
    overdue: bool
    agent: str | None


class RefusedRow(msgspec.Struct):
    why: str
    count: int


class SpentRow(msgspec.Struct):
    """What the calls of a queue cost. queue: its name; none: a queue is not known any more."""

    queue: str | None
    cents_today: float
    cents_this_month: float


class Today(msgspec.Struct):
    """cents: what today's calls cost, those that go on as expected. spent: by queue, the dearest
    first, of those that had calls this month."""

    cents: float
    cents_this_month: float
    cents_a_day: float
    cents_a_day_per_number: float
    spent: list[SpentRow]
    refused: list[RefusedRow]


class Promises(msgspec.Struct):
    """What people have been promised, the most urgent first, at most 500 of each."""

    callbacks: list[CallbackRow]
    messages: list[MessageRow]
    today: Today


async def _times(request: web.Request, query: TimesQuery) -> Times:
    row, _ = await _asker(request, query.secret)
    times = await request.app[CONTACTS].offered_times(row["queue_id"])
    return Times(times, row["time_zone"])


async def _ask(request: web.Request, body: Wish) -> Promised:
    app = request.app
    row, account = await _asker(request, body.secret)
    given = body.number if account is None or body.number else row["number"]
    number = normalise(given, row["country"])
    if number is None:
        raise Invalid("This is no number that can be called.", field="number")
    contacts, ws = app[CONTACTS], row["workspace_id"]
    if account is None:
        await limits.count(request, ws, "callbacks", app[SETTINGS].contacts_per_minute)
        made = await contacts.ask_callback(ws, row["id"], number, at=body.at)
    elif row["in_hand"] and row["due_at"] is not None and body.at is None:
        made = await contacts.call_back(ws, account, row["id"], number)
    else:
        by: Literal["agent", "supervisor"] = "agent" if row["served"] else "supervisor"
        made = await contacts.ask_callback(ws, row["id"], number, at=body.at, by=by, by_id=account)
    at = await app[POOL].fetchval("select at from callback where contact_id = $1", made.id)
    return Promised(made.id, made.state, at)


async def _asker(request: web.Request, secret: str | None) -> tuple[Any, UUID | None]:
    """The contact that is spoken of, and who of the staff asks; None: its person, by the secret.

    Raises NotFound and Forbidden.
    """
    who = await viewer(request) if secret is None else None
    account = who.account_id if who else None
    row: Any = await request.app[POOL].fetchrow(_CONTACT, path_id(request), account)
    if who is None:
        # a contact that does not exist and a wrong secret are one answer
        if row is None or not same_secret(secret or "", row["secret_hash"]):
            raise Forbidden("This is not the contact's secret.", field="secret")
        origins.allow_embedding(request, row["origins"] or [])
        return row, None
    house = who.role in ("supervisor", "admin")
    known = row is not None and row["workspace_id"] == who.workspace_id
    if not known or not (house or row["served"]):
        raise NotFound("There is no such contact.")
    return row, account


async def _promises(request: web.Request) -> Promises:
    who = await viewer(request, "supervisor")
    pool, ws = request.app[POOL], who.workspace_id
    house = await request.app[CONTACTS].house(ws)
    begin = begin_of_day(house)
    callbacks: list[Any] = await pool.fetch(_CALLBACKS, ws, SHOWN)
    messages: list[Any] = await pool.fetch(_MESSAGES, ws, SHOWN)
    refused: list[Any] = await pool.fetch(
        "select why, count(*) as count from callback_refused where workspace_id = $1 and at >= $2"
        " group by why order by why",
        ws,
        begin,
    )
    spent: list[Any] = await pool.fetch(_SPENT, ws, begin.date())
    rules = house.rules.callbacks
    return Promises(
        callbacks=[
            CallbackRow(
                contact=row["id"],
                queue=row["queue"],
                state=row["state"],
                number_masked=masked(row["number"]),
                at=row["at"],
                asked_at=row["asked_at"],
                asked_by=row["asked_by"],
                tries=row["callback_tries"],
            )
            for row in callbacks
        ],
        messages=[
            MessageRow(
                contact=row["id"],
                queue=row["queue"],
                channel=row["channel"],
                state=row["state"],
                due_at=row["due_at"],
                overdue=row["due_at"] < house.now,
                agent=row["agent"],
            )
            for row in messages
        ],
        today=Today(
            sum(row["today"] for row in spent),
            sum(row["month"] for row in spent),
            rules.cents_a_day,
            rules.cents_a_day_per_number,
            [SpentRow(row["queue"], row["today"], row["month"]) for row in spent],
            [RefusedRow(row["why"], row["count"]) for row in refused],
        ),
    )


async def _recording(request: web.Request) -> web.Response:
    row, _ = await _asker(request, None)
    sid = await request.app[POOL].fetchval(
        "select data->>'recording' from contact_event where contact_id = $1"
        " and kind = 'voicemail' and data ? 'recording' order by seq desc limit 1",
        row["id"],
    )
    voice = request.app.get(VOICE)
    if sid is None or voice is None:
        raise NotFound("There is no recording.")
    sound = await voice.provider.sound(sid)
    if sound is None:
        raise NotFound("The recording is not there any more.")
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": "inline"}
    return web.Response(body=sound, content_type="audio/wav", headers=headers)


# the number that the person called from, or one of theirs
_CONTACT = """
select c.id, c.workspace_id, c.queue_id, c.state, c.due_at, c.secret_hash, p.origins, w.country,
       w.time_zone,
       coalesce(
         (select l.data->>'number' from leg l where l.contact_id = c.id and l.party = 'caller'
          and l.data->>'number' is not null order by l.heard_at desc limit 1),
         (select a.value from address a where a.person_id = c.person_id and a.kind = 'phone'
          order by a.registered desc, a.created_at limit 1)) as number,
       exists (select from handling h where h.contact_id = c.id and h.agent_id = $2) as served,
       exists (select from handling h where h.contact_id = c.id and h.agent_id = $2
               and h.state = 'active') as in_hand
from contact c join workspace w on w.id = c.workspace_id
left join entry_point p on p.id = c.entry_point_id where c.id = $1
"""
_CALLBACKS = """
select c.id, q.name as queue, c.state, k.number, k.at, k.asked_at, k.asked_by, c.callback_tries
from callback k join contact c on c.id = k.contact_id join queue q on q.id = c.queue_id
where k.workspace_id = $1 and c.state <> 'ended' and c.callback_to is not null
order by coalesce(k.at, c.arrived_at) limit $2
"""
_MESSAGES = """
select c.id, q.name as queue, c.channel, c.state, c.due_at,
       (select a.name from handling h join account a on a.id = h.agent_id
        where h.contact_id = c.id and h.state in ('connecting', 'active') limit 1) as agent
from contact c join queue q on q.id = c.queue_id
where c.workspace_id = $1 and c.due_at is not null and c.state <> 'ended'
order by c.due_at limit $2
"""
# a month of calls, by the index of their days
_SPENT = """
select q.name as queue, k.today, k.month from (
  select queue_id, sum(cents)::float8 as month,
         coalesce(sum(cents) filter (where day = $2), 0)::float8 as today
  from call_cost where workspace_id = $1
    and day between date_trunc('month', $2::date::timestamp)::date and $2 group by queue_id
) k left join queue q on q.id = k.queue_id
order by k.month desc, q.name
"""

ROUTES = [
    Route("GET", "/api/contacts/{id}/callback-times", _times, "When the person can be called",
          who="person with secret; staff who may read the contact", query=TimesQuery,
          answer=Times, errors=(Forbidden, NotFound), origins="widget"),
    Route("POST", "/api/contacts/{id}/callback", _ask, "Ask for a call to the person",
          who="person with secret; staff who may read the contact", body=Wish, answer=Promised,
          status=201, errors=(Forbidden, NotFound, Conflict, Invalid, TooMany), origins="widget"),
    Route("GET", "/api/contacts/{id}/recording", _recording, "The message that a caller left",
          who="staff; an agent hears those that were in their hands",
          errors=(NotFound, Unavailable)),
    Route("GET", "/api/callbacks", _promises, "What people were promised, and what it costs",
          who="supervisor", answer=Promises),
]  # fmt: skip


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
