"""f08: an accept races a time-out, a withdrawal, a hang-up, a decline and another accept, stopped
at each of its waits in turn; and the other one stopped at each of its own."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from router.errors import SecondlineError
from router.queues.keys import root
from tests.faults.checker import faults_of
from tests.faults.history import History
from tests.faults.reading import read
from tests.faults.steps import Stepper, waited
from tests.house import House

PATIENCE_S = 0.15
"""How long the other one gets while the first stands: it may have to wait for a lock."""


@pytest.fixture
async def house(database: str, live: str) -> AsyncIterator[House]:
    opened = await House.open(database, live)
    yield opened
    await opened.close()


class Scene:
    """One contact that is offered to Ana, with Ben beside her. offer: hers."""

    def __init__(self, house: House, ana: UUID, ben: UUID) -> None:
        self.house, self.ana, self.ben = house, ana, ben
        self.contact, self.offer = ana, ""

    async def begin(self) -> None:
        house = self.house
        await house.contacts.set_presence(house.workspace, self.ben, "break", "lunch")
        await house.contacts.set_presence(house.workspace, self.ana, "available")
        self.contact = (await house.arrive()).id
        offer = await house.offer(self.ana)
        assert offer is not None
        self.offer = offer["offer"]
        await house.contacts.set_presence(house.workspace, self.ben, "available")

    async def accept(self) -> Any:
        return await self.house.contacts.accept(self.house.workspace, self.ana, self.offer)

    async def by_another(self) -> Any:
        return await self.house.contacts.accept(self.house.workspace, self.ben, self.offer)

    async def time_out(self) -> None:
        await self.house.timers.due_offers(self.house.workspace)

    async def past_deadline(self) -> None:
        """By the store's clock the offer and the lease of an accept are over."""
        await self.house.redis.set(
            root(self.house.workspace) + "clock", int(time.time() * 1000) + 45_000
        )

    async def withdrawn(self) -> None:
        await self.house.contacts.end(
            self.house.workspace, self.contact, outcome="closed", by="supervisor"
        )

    async def hung_up(self) -> None:
        await self.house.contacts.leave(self.house.workspace, self.contact)

    async def decline(self) -> None:
        await self.house.contacts.decline(self.house.workspace, self.ana, self.offer)

    async def lost(self) -> None:
        await self.house.contacts.desk_lost(self.house.workspace, self.ana)

    async def judge(self) -> None:
        """One outcome, and nobody reserved; then Ana or Ben takes it to its end."""
        house = self.house
        await house.redis.delete(root(house.workspace) + "clock")
        await house.outbox.drain(subject=self.contact)
        await house.outbox.forget()
        await self._right()
        row = await house.pool.fetchrow("select * from contact where id = $1", self.contact)
        hands = await house.pool.fetch(
            "select * from handling where contact_id = $1 and state <> 'done'", self.contact
        )
        assert len(hands) <= 1
        if row["state"] != "ended":
            await house.contacts.end(
                house.workspace, self.contact, outcome="completed", by="supervisor"
            )
        for hand in hands:
            await house.contacts.finish(hand["id"])
        await house.outbox.drain(subject=self.contact)
        await house.outbox.forget()
        await self._right()

    async def _right(self) -> None:
        history = History({(str(a), "chat"): 1 for a in (self.ana, self.ben)})
        await read(history, self.house.pool, self.house.redis, self.house.workspace)
        # this history has no requests of people
        assert [fault for fault in faults_of(history) if fault.rule != "asked"] == []


OTHERS: dict[str, Callable[[Scene], Awaitable[Any]]] = {
    "time-out": Scene.time_out,
    "withdrawal": Scene.withdrawn,
    "hang-up": Scene.hung_up,
    "decline": Scene.decline,
    "another agent": Scene.by_another,
    "the same again": Scene.accept,
    "lost desk": Scene.lost,
}


async def race(scene: Scene, first: Any, second: Any, at: int) -> bool:
    """The second runs while the first stands at its `at`-th wait; False: it has none."""
    await scene.begin()
    if first is Scene.time_out:
        await scene.past_deadline()
    stepper = Stepper(first(scene), at)
    standing = asyncio.create_task(waited(stepper))
    reached = asyncio.create_task(stepper.reached.wait())
    await asyncio.wait({standing, reached}, return_when=asyncio.FIRST_COMPLETED)
    reached.cancel()
    found = stepper.reached.is_set()
    if second is Scene.time_out:
        await scene.past_deadline()
    other = asyncio.create_task(waited(second(scene)))
    await asyncio.wait({other}, timeout=PATIENCE_S)
    stepper.go()
    for task in (standing, other):
        with contextlib.suppress(SecondlineError):
            await asyncio.wait_for(task, 10)
    await scene.judge()
    return found


@pytest.mark.parametrize("what", list(OTHERS))
async def test_f08_an_accept_races_what_ends_the_offer(house: House, what: str) -> None:
    scene = Scene(
        house,
        await house.agent("Ana", capacity={"chat": 1}),
        await house.agent("Ben", capacity={"chat": 1}),
    )
    await house.queue("customers", {"wrap_up_seconds": 0, "refusals": {"misses": 0}})
    other = OTHERS[what]
    swept = 0
    for first, second in ((Scene.accept, other), (other, Scene.accept)):
        at = 1
        while await race(scene, first, second, at):
            at += 1
        assert at > 2, "an operation without waits is no operation"
        swept += at
    assert swept >= 6
