"""Reading events: one by one while somebody waits for each, together when they are many."""

from types import SimpleNamespace
from uuid import uuid4

import pytest

from router.store import hub


@pytest.fixture
def waits(monkeypatch):
    """Entries come at a pace, for so many seconds: the share of readings that waited for more."""
    clock = SimpleNamespace(now=100.0, slept=0.0)

    async def sleep(seconds: float) -> None:
        clock.slept += 1
        clock.now += seconds

    monkeypatch.setattr(hub, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(hub, "asyncio", SimpleNamespace(sleep=sleep, Event=lambda: None))
    reader = hub._Reader(None, uuid4())

    async def come(a_second: float, seconds: float) -> float:
        readings, clock.slept = 0, 0.0
        begin, end, came = clock.now, clock.now + seconds, 0
        while clock.now < end:
            # the reading itself waits for the next one and takes what is there
            clock.now = max(clock.now + 0.0002, begin + (came + 1) / a_second)
            there = int((clock.now - begin) * a_second + 1e-6) - came
            came += there
            readings += 1
            await reader._gather(there)
        return clock.slept / readings

    return come


async def test_a_few_hundred_a_second_are_read_one_by_one(waits):
    assert await waits(400, 2) == 0


async def test_a_thousand_a_second_are_read_together(waits):
    assert await waits(1200, 2) > 0.9
    assert await waits(4000, 2) > 0.9


async def test_what_comes_after_the_busy_time_is_read_at_once_again(waits):
    await waits(2000, 2)
    await waits(20, 0.5)
    assert await waits(100, 2) == 0
