"""`/ws/desk`: the agent's desk. A snapshot first, then each change as it happens.

Every event makes the desk look at the truth again and send what differs from what it sent: a
doubled or late event changes nothing, and a lost one is found by the next look-around.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from aiohttp import web

from router.errors import Forbidden, Unavailable
from router.store.hub import Event, Subscription
from router.web.frames import DeskFrame
from router.web.hands import Held
from router.web.keys import CLOCK, ENGINE, HANDS, HUB, LEASES, POOL, TIMELINES
from router.web.me import me
from router.web.requested import Requested
from router.web.socket import Socket
from router.web.staff import keep_watch, session_changed
from router.web.timelines import Reader
from router.web.viewers import Viewer, viewer

TICK_SECONDS = 5.0
LOOK_AROUND_TICKS = 3
"""Every so many ticks the desk is compared with the truth, in case an event was lost."""

POLICY = {"tabs": "the newest desk rings, all show"}
_WHY = {"lost": "withdrawn"}


async def serve(request: web.Request) -> web.StreamResponse:
    """The socket of one desk tab."""
    who = await viewer(request)
    if who.tier is None:
        raise Forbidden("Only agents have a desk.")
    topics = (f"agent:{who.account_id}", f"account:{who.account_id}")
    async with (
        Socket.open(request, "desk") as socket,
        request.app[LEASES].desk(who.workspace_id, who.account_id),
        request.app[HUB].subscribe(who.workspace_id, topics) as subscription,
    ):
        desk = Desk(request.app, socket, who, subscription)
        try:
            await socket.serve(
                DeskFrame,
                Requested(request.app, who, desk).answer,
                desk.follow(),
                desk.tick(),
                keep_watch(request.app[POOL], who, socket),
            )
        finally:
            desk.close()
    return socket.response


class Desk:
    """What one desk tab has been shown."""

    def __init__(
        self, app: web.Application, socket: Socket, viewer: Viewer, subscription: Subscription
    ) -> None:
        self._app = app
        self._socket = socket
        self._viewer = viewer
        self._subscription = subscription
        self._pool, self._engine, self._hub = app[POOL], app[ENGINE], app[HUB]
        self._hands, self._clock, self._timelines = app[HANDS], app[CLOCK], app[TIMELINES]
        # one look at a time: an older look must not be sent after a newer one
        self._looking = asyncio.Lock()
        self._offers: dict[str, dict[str, Any]] = {}
        self._held: dict[UUID, Held] = {}
        self._readers: dict[UUID, Reader] = {}
        self._presence: dict[str, Any] = {}

    async def follow(self) -> None:
        """The snapshot, then events until the subscription ends."""
        await self.snapshot()
        async for event in self._subscription:
            async with self._looking:
                await self._heard(event)

    async def tick(self) -> None:
        """Say that this is alive, and look around now and then."""
        ticks = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._socket.send({"type": "tick", "now_ms": self._clock.now_ms()})
            ticks += 1
            if ticks % LOOK_AROUND_TICKS == 0:
                async with self._looking:
                    await self._look_around()

    async def snapshot(self) -> None:
        """Send everything anew."""
        async with self._looking:
            viewer = self._viewer
            held = await self._hands.handlings(viewer)
            offers = await self._hands.offers(viewer, await self._live_offers() or [])
            self._presence = await self._read_presence()
            for old in set(self._held) - {hand.handling_id for hand in held}:
                self._let_go(old)
            for hand in held:
                self._take(hand)
            self._offers = {offer["offer"]: offer for offer in offers}
            self._socket.send(
                {
                    "type": "snapshot",
                    "now_ms": self._clock.now_ms(),
                    "me": await me(self._app, viewer),
                    "presence": self._presence,
                    "offers": offers,
                    "handlings": [hand.frame for hand in held],
                    "policy": POLICY,
                }
            )

    def close(self) -> None:
        """The tab is gone."""
        for reader in self._readers.values():
            self._timelines.close(reader)

    async def _heard(self, event: Event) -> None:
        match event["t"]:
            case "offer":
                await self._look_at_offers()
            case "offer_gone":
                self._end_offer(event["offer"], event.get("why", "withdrawn"))
            case "handling" | "contact":
                await self._look_at_contact(UUID(event["contact"]))
                if "offer" in event:
                    self._end_offer(event["offer"], "accepted")
            case "agent":
                await self._look_at_presence()
            case "timeline":
                if reader := self._readers.get(UUID(event["contact"])):
                    reader.heard(event["seq"])
            case "signal":
                if event.get("from") == "person":
                    self._socket.send(
                        {"type": "signal", "contact": event["contact"], "data": event["data"]}
                    )
            case "session":
                await session_changed(self._pool, self._viewer, self._socket)

    async def _look_around(self) -> None:
        await self._look_at_presence()
        held = await self._hands.handlings(self._viewer)
        for hand in held:
            self._show(hand)
        for missing in set(self._held) - {hand.handling_id for hand in held}:
            await self._look_at_contact(self._held[missing].contact_id)
        await self._look_at_offers()

    async def _look_at_offers(self) -> None:
        live = await self._live_offers()
        if live is None:
            return
        new = [offer for offer in live if offer["offer"] not in self._offers]
        for frame in await self._hands.offers(self._viewer, new):
            self._offers[frame["offer"]] = frame
            self._socket.send(frame)
        for offer in set(self._offers) - {offer["offer"] for offer in live}:
            self._end_offer(offer, "withdrawn")

    async def _live_offers(self) -> list[dict[str, Any]] | None:
        viewer = self._viewer
        try:
            return await self._engine.offers_of(viewer.workspace_id, viewer.account_id)
        except Unavailable:
            # conversations go on without the live store; what rings is unknown for now
            return None

    def _end_offer(self, offer: str, why: str) -> None:
        if self._offers.pop(offer, None) is not None:
            self._socket.send({"type": "offer_gone", "offer": offer, "why": _WHY.get(why, why)})

    async def _look_at_contact(self, contact_id: UUID) -> None:
        for hand in await self._hands.of_contact(self._viewer, contact_id):
            self._show(hand)

    def _show(self, hand: Held) -> None:
        shown = self._held.get(hand.handling_id)
        if shown is None and hand.over:
            return
        if shown is None or shown.frame != hand.frame:
            self._take(hand)
            self._socket.send(hand.frame)
        if hand.over:
            self._let_go(hand.handling_id)

    def _take(self, hand: Held) -> None:
        self._held[hand.handling_id] = hand
        if hand.contact_id in self._readers:
            return
        self._hub.follow(
            self._viewer.workspace_id, self._subscription, f"contact:{hand.contact_id}"
        )

        def deliver(entry: dict[str, Any]) -> None:
            self._socket.send({"type": "entry", "contact": hand.contact_id, "entry": entry})

        # what was written before, the page reads by itself
        self._readers[hand.contact_id] = self._timelines.open(
            self._viewer.workspace_id,
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
        self._hub.unfollow(self._viewer.workspace_id, self._subscription, f"contact:{contact_id}")

    async def _look_at_presence(self) -> None:
        presence = await self._read_presence()
        if presence != self._presence:
            self._presence = presence
            self._socket.send({"type": "presence", **presence})

    async def _read_presence(self) -> dict[str, Any]:
        row = await self._pool.fetchrow(
            "select presence as state, presence_reason as reason,"
            " (extract(epoch from presence_since) * 1000)::bigint as since_ms"
            " from agent where id = $1",
            self._viewer.account_id,
        )
        return dict(row) if row else {}


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_get("/ws/desk", serve)
