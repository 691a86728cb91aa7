"""All sockets of this process: looked after while it runs, closed together when it stops."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from aiohttp import web

from router.tasks import stop

if TYPE_CHECKING:
    from router.web.socket import Socket

HEARTBEAT = 10.0
"""How often a socket is looked at: one that was silent is asked, one that does not answer until
the next time is cut off."""
SLICES = 20
"""Into how many parts a round of all sockets is cut, so that none is done at one moment."""
RESTART = 1012
RESTART_TIMEOUT = 1.0
"""Seconds that peers have to take the close frame: all of a stop has to end within five."""


class Drain:
    """The sockets that are open here."""

    def __init__(self) -> None:
        self.sockets: set[Socket] = set()
        self.draining = False
        self._empty = asyncio.Event()

    def add(self, socket: Socket) -> None:
        """A socket has been opened."""
        self.sockets.add(socket)
        self._empty.clear()

    def remove(self, socket: Socket) -> None:
        """A socket's handler is over."""
        self.sockets.discard(socket)
        if not self.sockets:
            self._empty.set()

    async def beat(self) -> None:
        """Look after all of them, until cancelled: one task and no timer for each."""
        while True:
            sockets = list(self.sockets)
            for slice_ in range(SLICES):
                for socket in sockets[slice_::SLICES]:
                    if socket in self.sockets:
                        socket.beat()
                await asyncio.sleep(HEARTBEAT / SLICES)

    async def close_all(self, _: web.Application) -> None:
        """Close every socket (1012). The reason says when to come back, spread over 3 s."""
        self.draining = True
        for socket in self.sockets:
            hint = f"retry_ms={random.randrange(200, 3000)}"
            socket.close(RESTART, hint, within=RESTART_TIMEOUT)
        with contextlib.suppress(TimeoutError):
            if self.sockets:
                await asyncio.wait_for(self._empty.wait(), RESTART_TIMEOUT + 0.2)


DRAIN: web.AppKey[Drain] = web.AppKey("drain", Drain)


def add_drain(app: web.Application) -> None:
    """Look after this application's sockets; close them at shutdown, before its resources go."""
    app[DRAIN] = Drain()
    app.cleanup_ctx.append(_beating)
    app.on_shutdown.append(app[DRAIN].close_all)


async def _beating(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(app[DRAIN].beat())
    yield
    await stop(task)
