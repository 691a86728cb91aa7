"""Calls that Twilio places: queued, rung, answered or not."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from router.standin.calls import Call, Over, Step

GRACE_SECONDS = 5
"""A called phone rings this much longer than its timeout says."""
LONGEST_QUEUE = 24 * 60 * 60
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")


def is_number(address: str) -> bool:
    return _NUMBER.fullmatch(address) is not None


def is_address(address: str) -> bool:
    """Whether Twilio can call it: E.164, client:… or sip:…"""
    if address.startswith("client:"):
        return 0 < len(address) - len("client:") <= 256
    if address.startswith(("sip:", "sips:")):
        return re.fullmatch(r"sips?:[^@\s]+@[^@\s]+", address) is not None
    return is_number(address)


class Pace:
    """How many REST calls go out a second; the rest waits its turn."""

    def __init__(self, per_second: float) -> None:
        self._every = 1.0 / per_second
        self._next = 0.0

    def wait(self, now: float) -> float:
        """Seconds until a call made now goes out; takes that place."""
        at = max(now, self._next)
        self._next = at + self._every
        return at - now

    def queue(self, now: float) -> float:
        """Seconds that the queue is long."""
        return max(0.0, self._next - now)


@dataclass(frozen=True)
class Place:
    """Ring the called party. timeout: as the caller of the API gave it. then: once answered."""

    timeout: float
    then: Step
    queued: bool = False
    detect_machine: bool = False

    async def take(self, call: Call) -> Step | None:
        clock = call.standin.clock
        if self.queued:
            await clock.sleep(call.queue_seconds)
        call.become("initiated")
        party = call.standin.reach(call)
        call.become("ringing")
        try:
            answered = await clock.within(self.timeout + GRACE_SECONDS, call.ring)
        except asyncio.CancelledError:
            call.standin.quiet(call)
            raise
        outcome = call.ring.result() if answered else "no-answer"
        call.standin.quiet(call)
        if outcome != "answered":
            raise Over(outcome)
        if self.detect_machine:
            mailbox = party is not None and party.answers == "mailbox"
            call.answered_by = "machine_start" if mailbox else "human"
        call.become("in-progress")
        return self.then


class Bridge:
    """Connects a caller with the first of several called parties."""

    def __init__(self, caller: Call) -> None:
        self._caller = caller
        self._winner: asyncio.Future[Call] = asyncio.get_running_loop().create_future()

    async def take(self, call: Call) -> Step | None:
        """The called party's side: stay connected until stopped."""
        if self._winner.done():
            raise Over
        self._winner.set_result(call)
        call.add("conference", name=self._caller.from_, event="joined")
        await asyncio.get_running_loop().create_future()
        return None

    async def won(self, legs: list[Call]) -> Call | None:
        """Who was connected; None: nobody can be any more."""
        ends = [asyncio.ensure_future(leg.over(None)) for leg in legs]
        every = asyncio.ensure_future(asyncio.wait(ends))
        try:
            both: set[asyncio.Future[Any]] = {every, self._winner}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            return self._winner.result() if self._winner.done() else None
        finally:
            every.cancel()
            for end in ends:
                end.cancel()
