"""`/ws/contact`: the customer's side of a chat or video, opened with the contact's secret."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Any
from uuid import UUID

from aiohttp import web

from router.channels.admission import announcement
from router.channels.records import Contact
from router.errors import Conflict, Invalid, Malformed, NotFound, SecondlineError, Unavailable
from router.queues.picture import policy_of
from router.store.hub import Event, Subscription
from router.web import frames, origins
from router.web.frames import ContactFrame, Hello
from router.web.keys import (
    CLOCK,
    CONTACTS,
    CONVERSATIONS,
    HUB,
    LEASES,
    POOL,
    RATINGS,
    TIMELINES,
    VIDEOS,
)
from router.web.requests import text
from router.web.signals import check_signal
from router.web.socket import POLICY, REFUSED, SIGNED_OUT, Socket
from router.web.timelines import PAGE, Reader

HELLO_SECONDS = 5.0
TICK_SECONDS = 5.0
LOOK_TICKS = 2
"""Every so many ticks the contact is looked at: others leaving the line is no event here."""

_WHO = """
select c.workspace_id, c.secret_hash, c.channel, p.origins, q.policy
from contact c join queue q on q.id = c.queue_id left join entry_point p on p.id = c.entry_point_id
where c.id = $1
"""
_SHOWN = """
select c.*, q.closed, h.id as handling, h.state as handling_state, a.name as agent,
       exists (select from rating r where r.handling_id = h.id and r.direction = 'of_agent')
         as rated,
       coalesce(
         (select e.data->>'state' from contact_event e
          where e.contact_id = c.id and e.kind = 'video' and e.at >= h.accepted_at
          order by e.seq desc limit 1),
         case when c.channel = 'video' then 'on' end) as video
from contact c join queue q on q.id = c.queue_id
left join lateral (
  select * from handling where contact_id = c.id and connected_at is not null
  order by accepted_at desc limit 1
) h on true
left join account a on a.id = h.agent_id
where c.id = $1
"""


def same_secret(secret: str, stored: bytes | None) -> bool:
    """Whether this is the contact's secret; takes as long when it is not."""
    given = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
    return hmac.compare_digest(given, stored or bytes(32)) and stored is not None


async def serve(request: web.Request) -> web.StreamResponse:
    """The socket of one customer page."""
    async with Socket.open(request, "contact") as socket:
        try:
            hello = await socket.first(Hello, HELLO_SECONDS)
        except (TimeoutError, Malformed, Invalid) as error:
            said = Malformed("Say hello first.") if isinstance(error, TimeoutError) else error
            await socket.refuse(said, POLICY)
            return socket.response
        row = await request.app[POOL].fetchrow(_WHO, hello.contact)
        if row is None or not same_secret(hello.secret, row["secret_hash"]):
            await socket.refuse(NotFound("There is no such contact."), SIGNED_OUT)
            return socket.response
        try:
            origins.allow_embedding(request, row["origins"] or [])
        except SecondlineError as error:
            await socket.refuse(error, REFUSED)
            return socket.response
        ws, contact = row["workspace_id"], hello.contact
        vanished = policy_of(row["policy"]).chat.vanished_seconds
        async with (
            request.app[LEASES].visitor(ws, contact, vanished),
            request.app[HUB].subscribe(ws, [f"contact:{contact}"]) as subscription,
        ):
            customer = Customer(request.app, socket, ws, hello, subscription)
            try:
                await socket.serve(
                    ContactFrame, customer.answer, customer.follow(), customer.tick()
                )
            finally:
                customer.close()
    return socket.response


class Customer:
    """What one customer page has been shown."""

    def __init__(
        self,
        app: web.Application,
        socket: Socket,
        workspace_id: UUID,
        hello: Hello,
        subscription: Subscription,
    ) -> None:
        self._app = app
        self._socket = socket
        self._ws, self._contact = workspace_id, hello.contact
        self._after = hello.after
        self._subscription = subscription
        # one look at a time: an older look must not be sent after a newer one
        self._looking = asyncio.Lock()
        self._shown: dict[str, Any] = {}
        self._reader: Reader | None = None

    async def follow(self) -> None:
        """The snapshot, then events until the subscription ends."""
        async with self._looking:
            await self._snapshot()
        async for event in self._subscription:
            await self._heard(event)

    async def tick(self) -> None:
        """Say that this is alive, and look around: no event tells a place in line."""
        ticks = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._socket.send({"type": "tick", "now_ms": self._app[CLOCK].now_ms()})
            ticks += 1
            if ticks % LOOK_TICKS == 0:
                await self._look()

    def close(self) -> None:
        """The page is gone."""
        if self._reader is not None:
            self._app[TIMELINES].close(self._reader)

    async def answer(self, frame: Any) -> dict[str, Any] | None:
        """Do what the page asks; what its `ok` carries. Raises errors of the tree."""
        match frame:
            case frames.OwnSay():
                entry = await self._app[CONVERSATIONS].say(
                    self._ws,
                    self._contact,
                    author="person",
                    author_id=None,
                    text=frame.text,
                    client_key=frame.key,
                )
                return {"seq": entry.seq}
            case frames.OwnRead():
                entries = await self._app[CONVERSATIONS].read(
                    self._ws, self._contact, frame.after, staff=False
                )
                return {"entries": [entry.wire() for entry in entries]}
            case frames.OwnEnd():
                await self._app[CONTACTS].leave(self._ws, self._contact)
            case frames.OwnVideo():
                await self._app[VIDEOS].change(
                    self._ws, self._contact, frame.state, by="person", by_id=None
                )
            case frames.OwnSignal():
                await self._signal(frame.data)
            case frames.OwnRate():
                comment = text(frame.comment, "comment", longest=2000) if frame.comment else None
                await self._app[RATINGS].rate_agent(
                    self._ws, self._contact, stars=frame.stars, comment=comment
                )
                await self._look()
        return None

    async def _signal(self, data: dict[str, Any]) -> None:
        check_signal(data)
        contact = await self._app[CONTACTS].get(self._ws, self._contact)
        if contact.state != "handling":
            raise Conflict("Nobody is there to hear it.", state=contact.state)
        await self._app[HUB].publish(
            self._ws,
            {"t": "signal", "contact": str(self._contact), "from": "person", "data": data},
        )

    async def _heard(self, event: Event) -> None:
        match event["t"]:
            case "timeline":
                if self._reader is not None:
                    self._reader.heard(event["seq"])
            case "contact" | "handling":
                await self._look()
            case "signal":
                if event.get("from") == "agent":
                    self._socket.send({"type": "signal", "data": event["data"]})

    async def _snapshot(self) -> None:
        self._shown, last_seq = await self._read()
        after = min(self._after, last_seq)
        entries = await self._app[CONVERSATIONS].read(
            self._ws, self._contact, after, staff=False, limit=PAGE
        )
        self._socket.send(
            {
                "type": "snapshot",
                "now_ms": self._app[CLOCK].now_ms(),
                "contact": self._shown,
                "entries": [entry.wire() for entry in entries],
            }
        )
        self._reader = self._app[TIMELINES].open(
            self._ws,
            self._contact,
            after=entries[-1].seq if entries else after,
            staff=False,
            deliver=self._deliver,
        )
        self._reader.heard(last_seq)

    def _deliver(self, entry: dict[str, Any]) -> None:
        self._socket.send({"type": "entry", "entry": entry})

    async def _look(self) -> None:
        async with self._looking:
            contact, last_seq = await self._read()
            if contact != self._shown:
                self._shown = contact
                self._socket.send({"type": "contact", "contact": contact})
        if self._reader is not None:
            self._reader.heard(last_seq)

    async def _read(self) -> tuple[dict[str, Any], int]:
        row = await self._app[POOL].fetchrow(_SHOWN, self._contact)
        if row is None:
            raise NotFound("There is no such contact.")
        shown: dict[str, Any] = {
            "id": row["id"],
            "channel": row["channel"],
            "state": row["state"],
            "rated": row["rated"],
        }
        if row["handling"] is not None:
            shown["handling"] = row["handling"]
        if row["state"] in ("handling", "ended") and row["agent"] is not None:
            shown["agent"] = {"name": row["agent"]}
        if row["due_at"] is not None:
            shown["message"] = True
        elif (
            row["state"] in ("arriving", "waiting") and (row["leads"] or {}).get("to") == "callback"
        ):
            shown["offered"] = "callback"
        if row["state"] == "handling" and row["video"] is not None:
            shown["video"] = row["video"]
        if row["state"] == "waiting":
            shown |= await self._place(Contact.of(row))
            if row["closed"] is not None:
                shown["queue_closed"] = announcement(row["closed"], row["language"])
        return shown, row["last_seq"]

    async def _place(self, contact: Contact) -> dict[str, Any]:
        try:
            standing = await self._app[CONTACTS].standing(contact)
            if standing.position is not None and standing.position != contact.told_position:
                # written down only when it is a new one: a page looks every few seconds
                standing = await self._app[CONTACTS].standing(contact, told=True)
        except Unavailable:
            # the place is kept in the truth; only its number is unknown for now
            return {}
        place = {"position": standing.position, "expected_wait_s": standing.expected_wait_s}
        return {name: value for name, value in place.items() if value is not None}


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_get(origins.CUSTOMER_SOCKET, serve)
