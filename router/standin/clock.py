"""The stand-in's time: the world's, faster, or moved by a test."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Protocol


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock:
    """Runs `speed` times as fast as the world. Seconds are the stand-in's own, since 1970."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._began = time.time()
        self._monotonic = time.monotonic()
        self.busy = 0

    def now(self) -> float:
        return self._began + (time.monotonic() - self._monotonic) * self._speed

    def later(self, seconds: float, act: Callable[[], Any]) -> Timer:
        return asyncio.get_running_loop().call_later(max(0.0, seconds) / self._speed, act)

    async def sleep(self, seconds: float) -> None:
        await self.within(seconds, asyncio.get_running_loop().create_future())

    async def within(self, seconds: float | None, future: asyncio.Future[Any]) -> bool:
        """Wait until the future is done (true) or the time is up. Leaves the future alone."""
        rung: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = None
        if seconds is not None:
            timer = self.later(seconds, lambda: _ring(rung))
        try:
            await asyncio.wait({future, rung}, return_when=asyncio.FIRST_COMPLETED)
            return future.done()
        finally:
            if timer is not None:
                timer.cancel()

    @contextmanager
    def working(self) -> Iterator[None]:
        """While something is on its way over the network, time does not count as passed."""
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1

    async def advance(self, seconds: float) -> None:
        raise TypeError("this clock runs by itself; ask for Config(manual_clock=True)")


class _Alarm:
    def __init__(self, act: Callable[[], Any]) -> None:
        self.act: Callable[[], Any] | None = act

    def cancel(self) -> None:
        self.act = None


def stamp(at: float) -> str:
    """As Twilio writes times: RFC 2822 in UTC."""
    return format_datetime(datetime.fromtimestamp(at, UTC))


def _ring(bell: asyncio.Future[None]) -> None:
    if not bell.done():
        bell.set_result(None)


class ManualClock(Clock):
    """Stands still until `advance`."""

    def __init__(self) -> None:
        super().__init__()
        self._now = self._began
        self._alarms: list[tuple[float, int, _Alarm]] = []
        self._order = itertools.count()

    def now(self) -> float:
        return self._now

    def later(self, seconds: float, act: Callable[[], Any]) -> Timer:
        alarm = _Alarm(act)
        entry = (self._now + max(0.0, seconds), next(self._order), alarm)
        heapq.heappush(self._alarms, entry)
        return alarm

    async def advance(self, seconds: float) -> None:
        """Let the time pass, and everything happen that is due in it, in its order."""
        until = self._now + seconds
        await self._settle()
        while self._alarms and self._alarms[0][0] <= until:
            at, _, alarm = heapq.heappop(self._alarms)
            self._now = max(self._now, at)
            if alarm.act is not None:
                alarm.act()
                await self._settle()
        self._now = until
        await self._settle()

    async def _settle(self) -> None:
        """Until nothing is on the network and every task that could go on has gone on."""
        quiet = 0
        while quiet < 10:
            await asyncio.sleep(0.001 if self.busy else 0)
            quiet = 0 if self.busy else quiet + 1
