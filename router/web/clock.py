"""The live store's clock, as this process knows it: deadlines are by that clock, never by ours."""

from __future__ import annotations

import asyncio
import time

import structlog

from router.errors import Unavailable
from router.queues.engine import Engine

log = structlog.get_logger()

REFRESH_SECONDS = 20.0


class LiveClock:
    """Our clock with its distance to the live store's, measured now and then."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ahead_ms = 0.0

    def now_ms(self) -> int:
        """Milliseconds since 1970 by the live store's clock; known without asking it."""
        return int(time.time() * 1000 + self._ahead_ms)

    async def refresh(self) -> None:
        """Measure the distance. A store that is away leaves it as it was."""
        asked = time.time()
        try:
            theirs = await self._engine.now_ms()
        except Unavailable as error:
            log.warning("clock.unread", error=str(error))
            return
        self._ahead_ms = theirs - (asked + time.time()) / 2 * 1000

    async def run(self) -> None:
        """Refresh until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(REFRESH_SECONDS)
