"""What happens on one line, in order: said, played, pressed, asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Watcher = Callable[["Part"], None]


@dataclass(frozen=True)
class Part:
    """kind: said, played, pause, gather, gathered, pressed, recording, recorded, spoke,
    conference, hold, muted, status, ended. data: as on the sockets, see docs/standin.md."""

    kind: str
    at: float
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The words, the file, the keys or the name in it."""
        for name in ("text", "url", "keys", "digits", "status", "name", "why"):
            if self.data.get(name) is not None:
                return str(self.data[name])
        return ""

    @property
    def language(self) -> str | None:
        return self.data.get("language")

    def message(self) -> dict[str, Any]:
        return {"type": self.kind, **self.data}


class Transcript:
    """Parts, whoever watches them come, and a reader's place among them."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._watchers: list[Watcher] = []
        self._read = 0
        self._more = asyncio.Event()

    @property
    def text(self) -> str:
        """One line a part: `said: Welcome`, `pressed: 1`."""
        return "\n".join(f"{part.kind}: {part.text}" for part in self.parts)

    @property
    def said(self) -> list[str]:
        return [part.text for part in self.parts if part.kind == "said"]

    def add(self, part: Part) -> None:
        self.parts.append(part)
        for watcher in list(self._watchers):
            watcher(part)
        self._more.set()

    def watch(self, watcher: Watcher) -> None:
        self._watchers.append(watcher)

    async def next(self, wanted: Callable[[Part], bool], within: float, what: str) -> Part:
        """The next part after the last one that was found. within: real seconds.

        Raises AssertionError with the whole transcript.
        """
        try:
            async with asyncio.timeout(within):
                while True:
                    for place in range(self._read, len(self.parts)):
                        if wanted(self.parts[place]):
                            self._read = place + 1
                            return self.parts[place]
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise AssertionError(f"no {what} within {within} s in:\n{self.text}") from None
