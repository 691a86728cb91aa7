"""A coroutine that something befalls at one of its waits, and sweeps over all of them.

A wait is a point where the coroutine has asked for something and gives the loop away. Between two
waits nothing else of this process runs, so these are all the places where a race or a death can
make a difference.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


class Stepper:
    """Awaited, it runs the work, and stops it after its `at`-th wait until `go`.

    reached: it stands there. waits: how many there were in all, once it is done.
    """

    def __init__(self, work: Coroutine[Any, Any, T], at: int) -> None:
        self.waits = 0
        self.reached = asyncio.Event()
        self._go = asyncio.Event()
        self._work, self._at = work, at

    def go(self) -> None:
        self._go.set()

    def __await__(self) -> Generator[Any, Any, Any]:
        failed: BaseException | None = None
        while True:
            try:
                waited = self._work.throw(failed) if failed else self._work.send(None)
            except StopIteration as done:
                return done.value
            self.waits += 1
            failed = None
            try:
                yield waited
            except BaseException as error:
                failed = error
            if self.waits == self._at:
                self.reached.set()
                yield from self._go.wait().__await__()


class Mortal:
    """Awaited, it runs the work, and this process dies at its `at`-th wait: what was asked for is
    on its way, and nobody hears the answer."""

    def __init__(self, work: Coroutine[Any, Any, T], at: int) -> None:
        self._work, self._at = work, at

    def __await__(self) -> Generator[Any, Any, Any]:
        waits = 0
        failed: BaseException | None = None
        while True:
            try:
                waited = self._work.throw(failed) if failed else self._work.send(None)
            except StopIteration as done:
                return done.value
            waits += 1
            if waits == self._at:
                os.kill(os.getpid(), signal.SIGKILL)
            failed = None
            try:
                yield waited
            except BaseException as error:
                failed = error


async def waited(awaitable: Any) -> Any:
    """For those who want a coroutine."""
    return await awaitable
