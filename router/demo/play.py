"""What all simulated people share: the pace, chance, where the service is, and what happened."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aiohttp
import structlog
from aiohttp import web

from router.demo.peer import GONE, Client, Frame, Refused
from router.settings import Settings
from router.web.keys import POOL, SETTINGS

log = structlog.get_logger(__name__)

Begin = Callable[[Coroutine[Any, Any, Any]], None]


class Play:
    """tempo: how many times faster than life people are. counts: what has happened so far.

    calls: the calls that simulated people have placed, by SID.
    """

    def __init__(self, app: web.Application, http: aiohttp.ClientSession, tempo: float) -> None:
        self._app = app
        self._http = http
        self._tempo = tempo
        self.random = random.Random()
        self.counts: Counter[str] = Counter()
        # bounded: a callback's turn comes long after its call
        self.calls: deque[str] = deque(maxlen=2000)

    def client(self) -> Client:
        """A browser of somebody's own."""
        return Client(self._http, near(self._app[SETTINGS]))

    def chance(self) -> float:
        """From 0 to just under 1."""
        return self.random.random()

    def seconds(self, of_life: float) -> float:
        """So long by the clock."""
        return of_life / self._tempo

    async def pause(self, least: float, most: float) -> None:
        """As long as people take."""
        await asyncio.sleep(self.seconds(self.random.uniform(least, most)))

    @staticmethod
    def key() -> str:
        """For a message or contact: sent twice, it is one."""
        return secrets.token_hex(12)

    @asynccontextmanager
    async def crew(self) -> AsyncIterator[Begin]:
        """Work that is begun here ends with the block; what goes wrong in it ends it alone."""
        tasks: set[asyncio.Task[None]] = set()

        def begin(work: Coroutine[Any, Any, Any]) -> None:
            task = asyncio.create_task(self._do(work))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        try:
            yield begin
        finally:
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _do(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except (*GONE, Refused):
            # the other side was faster, or is away: people shrug and go on
            self.counts["refused"] += 1
        except Exception:
            log.exception("traffic.broken")

    async def may_take(self, offer: Frame) -> bool:
        """Whether a simulated agent may answer: a real caller is left to real agents."""
        if offer["channel"] != "voice":
            return True
        key: str | None = await self._app[POOL].fetchval(
            "select provider_key from contact where id = $1", UUID(offer["contact"])
        )
        return key is not None and key.removeprefix("voice:") in self.calls


def near(settings: Settings) -> str:
    """Where this process reaches its own port."""
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::", "localhost"} else settings.host
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
