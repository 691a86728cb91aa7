"""All desks of this process together: ticking, looking around, noticing what has changed.

Ten thousand desks that each had timers and queries of their own would keep the machine busy with
nothing. Here one task ticks for all, and what events say of many desks is read by a few queries.
While one look is under way the next one gathers, so that a busy process looks at more at once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import asyncpg
import structlog

from router.errors import Unavailable
from router.queues.engine import Engine
from router.tasks import stop
from router.web.clock import LiveClock
from router.web.errors import known
from router.web.hands import Hands
from router.web.me import all_of
from router.web.socket import encode
from router.web.staff import signed_in

if TYPE_CHECKING:
    from router.web.desk import Asked, Desk

log = structlog.get_logger()

T = TypeVar("T")

TICK_SECONDS = 5.0
LOOK_AROUND_SECONDS = 15.0
"""How often a desk is compared with the truth, in case an event was lost."""
SLICES = 50
"""Into how many parts a round of all desks is cut, so that none is done at one moment."""
AT_ONCE = 500
"""Desks in one look."""

_PRESENCES = """
select id, presence as state, presence_reason as reason,
       (extract(epoch from presence_since) * 1000)::bigint as since_ms
from agent where id = any($1)
"""


class Desks:
    """The open desks, and the tasks that serve all of them."""

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        engine: Engine,
        hands: Hands,
        clock: LiveClock,
    ) -> None:
        self._pool, self._engine, self._hands, self._clock = pool, engine, hands, clock
        self._looking = asyncio.Lock()
        # in the order in which they came: rounds go through it by slices
        self._desks: dict[Desk, None] = {}
        self._dirty: dict[Desk, None] = {}
        self._wake = asyncio.Event()

    def add(self, desk: Desk) -> None:
        """A desk is open and has its snapshot."""
        self._desks[desk] = None

    def remove(self, desk: Desk) -> None:
        """The desk is gone."""
        self._desks.pop(desk, None)
        self._dirty.pop(desk, None)

    def look(self, desk: Desk) -> None:
        """Something happened to it: what, it knows itself (`Desk.asked`)."""
        self._dirty[desk] = None
        self._wake.set()

    async def run(self) -> None:
        """Serve until cancelled."""
        tasks = [
            asyncio.create_task(self._follow()),
            asyncio.create_task(self._rounds(lambda: TICK_SECONDS, self._tick)),
            asyncio.create_task(self._rounds(lambda: LOOK_AROUND_SECONDS, self._look_around)),
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            await stop(*tasks)

    async def _follow(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._dirty:
                desks = list(islice(self._dirty, AT_ONCE))
                for desk in desks:
                    del self._dirty[desk]
                await self._guarded(self._look, desks)

    async def _rounds(
        self, seconds: Callable[[], float], work: Callable[[list[Desk]], Awaitable[None]]
    ) -> None:
        while True:
            desks = list(self._desks)
            size = -(-len(desks) // SLICES) or 1
            for begin in range(0, SLICES * size, size):
                if part := [desk for desk in desks[begin : begin + size] if desk in self._desks]:
                    await self._guarded(work, part)
                await asyncio.sleep(seconds() / SLICES)

    async def _guarded(
        self, work: Callable[[list[Desk]], Awaitable[None]], desks: list[Desk]
    ) -> None:
        try:
            await work(desks)
        except Exception as error:
            if known(error) is None:
                log.exception("desks.broken")
            else:
                log.warning("desks.unread", error=repr(error))
            # what one look did not see, the next round does
            await asyncio.sleep(0.1)

    async def _tick(self, desks: list[Desk]) -> None:
        frame = encode({"type": "tick", "now_ms": self._clock.now_ms()})
        for desk in desks:
            desk.socket.send(frame)

    async def _look_around(self, desks: list[Desk]) -> None:
        stand = await signed_in(self._pool, [desk.viewer for desk in desks])
        for desk in desks:
            if desk.viewer.session not in stand:
                desk.sign_out()
            desk.asked.everything()
        await self._look(desks)

    async def _look(self, desks: list[Desk]) -> None:
        """Read what these desks ask for, and let each send what differs."""
        by_workspace: dict[UUID, list[Desk]] = defaultdict(list)
        for desk in desks:
            by_workspace[desk.viewer.workspace_id].append(desk)
        # one look at a time: an older look must not be sent after a newer one
        async with self._looking:
            for workspace_id, here in by_workspace.items():
                asked = [(desk, desk.take_asked()) for desk in here if desk in self._desks]
                try:
                    await self._read(workspace_id, asked)
                except BaseException:
                    for desk, ask in asked:
                        desk.start_again(ask)
                    raise

    async def _read(self, workspace_id: UUID, asked: list[tuple[Desk, Asked]]) -> None:
        live = await self._live(workspace_id, asked)
        new = [
            (desk.viewer, offer)
            for desk, ask in asked
            for offer in live.get(desk.viewer.account_id, ())
            if ask.snapshots or not desk.shows(offer["offer"])
        ]
        contacts = [(desk.viewer, contact) for desk, ask in asked for contact in ask.contacts]
        whole = [desk.viewer for desk, ask in asked if ask.hands]
        there = [desk.viewer.account_id for desk, ask in asked if ask.presence]
        beginning = [desk.viewer for desk, ask in asked if ask.snapshots]
        frames, some, every, presences, mes = await asyncio.gather(
            self._hands.offers(workspace_id, new),
            _only(contacts, partial(self._hands.of_contacts, workspace_id)),
            _only(whole, partial(self._hands.handlings, workspace_id)),
            _only(there, self._presences),
            _only(beginning, partial(all_of, self._pool)),
        )
        for desk, ask in asked:
            agent = desk.viewer.account_id
            offers = [offer["offer"] for offer in live.get(agent, ())]
            if ask.snapshots:
                ringing = [frames[offer] for offer in offers if offer in frames]
                desk.show_all(ask, mes[agent], presences.get(agent, {}), every[agent], ringing)
                continue
            if ask.presence and agent in presences:
                desk.show_presence(presences[agent])
            if ask.hands:
                desk.show_hands(every[agent])
            for hand in some.get(agent, ()):
                if hand.contact_id in ask.contacts:
                    desk.show_hand(hand)
            desk.end_accepted(ask.accepted)
            if (ask.offers or ask.heard) and agent in live:
                desk.show_offers(offers, frames)

    async def _live(
        self, workspace_id: UUID, asked: list[tuple[Desk, Asked]]
    ) -> dict[UUID, list[dict[str, Any]]]:
        """Live offers by agent; nobody while the live store is away: what rings is unknown then."""
        whole = {desk.viewer.account_id for desk, ask in asked if ask.offers}
        heard = {
            desk.viewer.account_id: ask.heard
            for desk, ask in asked
            if ask.heard and desk.viewer.account_id not in whole
        }
        try:
            live = await _only(list(whole), partial(self._engine.offers_of_many, workspace_id))
            if heard:
                live |= await self._engine.offers_of_many(workspace_id, list(heard), heard)
        except Unavailable:
            # conversations go on without the live store
            return {}
        return live

    async def _presences(self, agents: list[UUID]) -> dict[UUID, dict[str, Any]]:
        """By agent: state, reason, since_ms."""
        rows = await self._pool.fetch(_PRESENCES, agents)
        return {
            row["id"]: {"state": row["state"], "reason": row["reason"], "since_ms": row["since_ms"]}
            for row in rows
        }


async def _only(
    what: list[T], read: Callable[[list[T]], Awaitable[dict[UUID, Any]]]
) -> dict[UUID, Any]:
    return await read(what) if what else {}
