"""`/ws/desk`: the agent's desk. A snapshot first, then each change as it happens.

Every event makes the desk look at the truth again and send what differs from what it sent: a
doubled or late event changes nothing, and a lost one is found by the next look-around. All desks
of a process look together (`desks.py`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aiohttp import web

from router.errors import Forbidden
from router.store.hub import Event, Subscription
from router.web.frames import DeskFrame
from router.web.hands import Held
from router.web.keys import CLOCK, DESKS, HUB, LEASES, POOL, TIMELINES
from router.web.me import Me
from router.web.requested import Requested
from router.web.socket import SIGNED_OUT, TRY_AGAIN, Socket
from router.web.staff import session_changed
from router.web.timelines import Reader
from router.web.viewers import Viewer, viewer

POLICY = {"tabs": "the newest desk rings, all show"}
_WHY = {"lost": "withdrawn"}
OVER_KEPT = 16
"""So many offers that are over are remembered, lest an older look show one again."""


async def serve(request: web.Request) -> web.StreamResponse:
    """The socket of one desk tab."""
    who = await viewer(request)
    if who.tier is None:
        raise Forbidden("Only agents have a desk.")
    app = request.app
    topics = (f"agent:{who.account_id}", f"account:{who.account_id}")
    async with Socket.open(request, "desk") as socket:
        desk = Desk(app, socket, who)
        async with (
            app[LEASES].desk(who.workspace_id, who.account_id),
            app[HUB].subscribe(who.workspace_id, topics, heard=desk.heard) as subscription,
        ):
            desk.open(subscription)
            try:
                await socket.serve(DeskFrame, Requested(app, who, desk).answer)
            finally:
                desk.close()
    return socket.response


@dataclass
class Asked:
    """What of a desk is to be read. heard: the one open offer, where an event told of it;
    contacts: those whose handlings are read; accepted: offers that end when it was read;
    snapshots: who waits for everything to be sent anew."""

    offers: bool = False
    heard: str = ""
    hands: bool = False
    presence: bool = False
    contacts: set[UUID] = field(default_factory=set)
    accepted: list[str] = field(default_factory=list)
    snapshots: list[asyncio.Future[None]] = field(default_factory=list)

    def everything(self) -> None:
        """Look around."""
        self.offers = self.hands = self.presence = True


class Desk:
    """What one desk tab has been shown."""

    def __init__(self, app: web.Application, socket: Socket, viewer: Viewer) -> None:
        self.socket = socket
        self.viewer = viewer
        self.asked = Asked()
        self._app = app
        self._hub, self._timelines = app[HUB], app[TIMELINES]
        self._desks, self._clock = app[DESKS], app[CLOCK]
        self._subscription: Subscription | None = None
        self._offers: dict[str, dict[str, Any]] = {}
        self._over: deque[str] = deque(maxlen=OVER_KEPT)
        self._held: dict[UUID, Held] = {}
        self._readers: dict[UUID, Reader] = {}
        self._presence: dict[str, Any] = {}
        self._checking: asyncio.Task[None] | None = None

    def open(self, subscription: Subscription) -> None:
        """Be one of those that are served, beginning with a snapshot."""
        self._subscription = subscription
        self._desks.add(self)
        self._ask_snapshot()

    def close(self) -> None:
        """The tab is gone."""
        self._desks.remove(self)
        for waiting in self.asked.snapshots:
            waiting.cancel()
        for reader in self._readers.values():
            self._timelines.close(reader)

    async def snapshot(self) -> None:
        """Send everything anew; returns when it is sent."""
        await self._ask_snapshot()

    def _ask_snapshot(self) -> asyncio.Future[None]:
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.asked.snapshots.append(sent)
        self.asked.everything()
        self._desks.look(self)
        return sent

    def take_asked(self) -> Asked:
        """What is to be read now; what is asked for from here on is for the next look."""
        asked, self.asked = self.asked, Asked()
        return asked

    def start_again(self, asked: Asked) -> None:
        """It could not be read: without a snapshot the page has nothing, and comes back."""
        for waiting in asked.snapshots:
            waiting.cancel()
        if asked.snapshots:
            self.socket.close(TRY_AGAIN, "start again")

    def sign_out(self) -> None:
        """The session is over."""
        self.socket.close(SIGNED_OUT, "signed out")

    def heard(self, event: Event) -> None:
        """An event of this agent, their account, or a contact in their hands."""
        asked = self.asked
        match event["t"]:
            case "offer":
                # an agent has one open offer: this is all that is open now
                asked.heard = event["offer"]
            case "offer_gone":
                self._end_offer(event["offer"], event.get("why", "withdrawn"))
                return
            case "handling" | "contact":
                asked.contacts.add(UUID(event["contact"]))
                if "offer" in event:
                    asked.accepted.append(event["offer"])
            case "agent":
                asked.presence = True
            case "timeline":
                if reader := self._readers.get(UUID(event["contact"])):
                    reader.heard(event["seq"])
                return
            case "signal":
                if event.get("from") == "person":
                    self.socket.send(
                        {"type": "signal", "contact": event["contact"], "data": event["data"]}
                    )
                return
            case "session":
                self._checking = asyncio.create_task(
                    session_changed(self._app[POOL], self.viewer, self.socket)
                )
                return
            case _:
                return
        self._desks.look(self)

    def show_all(
        self,
        asked: Asked,
        me: Me,
        presence: dict[str, Any],
        held: list[Held],
        offers: list[dict[str, Any]],
    ) -> None:
        """The snapshot."""
        self._presence = presence
        for old in set(self._held) - {hand.handling_id for hand in held}:
            self._let_go(old)
        for hand in held:
            self._take(hand)
        self._offers = {offer["offer"]: offer for offer in offers if self.may_ring(offer["offer"])}
        self.socket.send(
            {
                "type": "snapshot",
                "now_ms": self._clock.now_ms(),
                "me": me,
                "presence": self._presence,
                "offers": list(self._offers.values()),
                "handlings": [hand.frame for hand in held],
                "policy": POLICY,
            }
        )
        for waiting in asked.snapshots:
            if not waiting.done():
                waiting.set_result(None)

    def may_ring(self, offer: str) -> bool:
        """Whether it is not over yet, as far as was heard here."""
        return offer not in self._over

    def shows(self, offer: str) -> bool:
        """Whether the page has it."""
        return offer in self._offers

    def show_offers(self, live: list[str], frames: dict[str, dict[str, Any]]) -> None:
        """What is open now, with the frames of what is new."""
        for offer in live:
            if offer not in self._offers and offer in frames and self.may_ring(offer):
                self._offers[offer] = frames[offer]
                self.socket.send(frames[offer])
        for offer in set(self._offers) - set(live):
            self._end_offer(offer, "withdrawn")

    def end_accepted(self, offers: list[str]) -> None:
        """Offers that have become conversations."""
        for offer in offers:
            self._end_offer(offer, "accepted")

    def _end_offer(self, offer: str, why: str) -> None:
        self._over.append(offer)
        if self._offers.pop(offer, None) is not None:
            self.socket.send({"type": "offer_gone", "offer": offer, "why": _WHY.get(why, why)})

    def show_hands(self, held: list[Held]) -> None:
        """Everything that is in hand; what is missing was let go of, and is asked for."""
        for hand in held:
            self.show_hand(hand)
        missing = set(self._held) - {hand.handling_id for hand in held}
        if missing:
            self.asked.contacts |= {self._held[handling].contact_id for handling in missing}
            self._desks.look(self)

    def show_hand(self, hand: Held) -> None:
        """One handling as it is now."""
        shown = self._held.get(hand.handling_id)
        if shown is None and hand.over:
            return
        if shown is None or shown.frame != hand.frame:
            self._take(hand)
            self.socket.send(hand.frame)
        self._readers[hand.contact_id].heard(hand.last_seq)
        if hand.over:
            self._let_go(hand.handling_id)

    def show_presence(self, presence: dict[str, Any]) -> None:
        """The agent's presence as it is now."""
        if presence != self._presence:
            self._presence = presence
            self.socket.send({"type": "presence", **presence})

    def _take(self, hand: Held) -> None:
        self._held[hand.handling_id] = hand
        if hand.contact_id in self._readers or self._subscription is None:
            return
        self._hub.follow(self.viewer.workspace_id, self._subscription, f"contact:{hand.contact_id}")

        def deliver(entry: dict[str, Any]) -> None:
            self.socket.send({"type": "entry", "contact": hand.contact_id, "entry": entry})

        # what was written before, the page reads by itself
        self._readers[hand.contact_id] = self._timelines.open(
            self.viewer.workspace_id,
            hand.contact_id,
            after=hand.last_seq,
            staff=True,
            deliver=deliver,
        )

    def _let_go(self, handling_id: UUID) -> None:
        contact_id = self._held.pop(handling_id).contact_id
        if any(hand.contact_id == contact_id for hand in self._held.values()):
            return
        self._timelines.close(self._readers.pop(contact_id))
        if self._subscription is not None:
            self._hub.unfollow(
                self.viewer.workspace_id, self._subscription, f"contact:{contact_id}"
            )


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_get("/ws/desk", serve)
