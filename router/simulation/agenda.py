"""What happens when, in virtual milliseconds since a run's begin. Pure."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from router.simulation.company import BEGIN_MS

Do = Callable[..., Awaitable[None]]


class Scripts(Protocol):
    """The scripts at a virtual moment, and what they told; see `router/simulation/virtual.py`.

    offers: to desks, in order. wake_ms, due_ms: when a timer must run them again; None: never.
    """

    offers: deque[dict[str, Any]]
    wake_ms: int | None
    due_ms: int | None

    def run(
        self, now_ms: int, verb: str, arguments: dict[str, Any]
    ) -> Awaitable[dict[str, Any]]: ...


class Agenda:
    """A heap of what is to come, and the present moment. end: nothing counts from then on;
    warm: nothing before."""

    def __init__(self, scripts: Scripts, warm: int, end: int) -> None:
        self.scripts = scripts
        self.warm, self.end = warm, end
        self.now = 0
        self._heap: list[tuple[int, int, Do, tuple[Any, ...]]] = []
        self._order = itertools.count()

    def at(self, ms: int, do: Do, *arguments: Any) -> None:
        """Call this at that moment; at the same moment, in the order of the calls of `at`."""
        heapq.heappush(self._heap, (ms, next(self._order), do, arguments))

    def ask(self, verb: str, arguments: dict[str, Any]) -> Awaitable[dict[str, Any]]:
        """A script's answer now."""
        return self.scripts.run(BEGIN_MS + self.now, verb, arguments)

    def next(self) -> tuple[Do, tuple[Any, ...]] | None:
        """Go on to the next thing to do, and say what: None: nothing is left but timers."""
        if not self._heap:
            return None
        self.now, _, do, arguments = heapq.heappop(self._heap)
        return do, arguments

    def timer(self) -> bool:
        """Go on to the moment at which a timer falls due, if that is not after the next thing."""
        moments = (self.scripts.wake_ms, self.scripts.due_ms)
        due = min((ms - BEGIN_MS for ms in moments if ms is not None), default=None)
        if due is None or (self._heap and self._heap[0][0] < due):
            return False
        self.now = max(self.now, due)
        return True
