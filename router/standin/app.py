"""The stand-in as a web application: mounted in another one, or on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import WSCloseCode, web

from router.standin import booth, clients, rest
from router.standin.config import Config
from router.standin.exchange import Standin
from router.standin.rest.door import STANDIN
from router.standin.sockets import SOCKETS, Sockets

MOUNT = "/standin"


def make_standin(config: Config, *, base_url: str | None = None) -> web.Application:
    """For `app.add_subapp(MOUNT, make_standin(config))`; `app[STANDIN]` is its Standin.

    base_url: where the outside reaches it, mount included; in the addresses of recordings.
    """
    app = web.Application()
    standin = Standin(config) if base_url is None else Standin(config, base_url)
    app[STANDIN] = standin
    app[SOCKETS] = Sockets()
    standin.clients = clients.Clients(standin)
    rest.add_routes(app.router)
    app.router.add_get("/client", clients.client)
    if config.booth:
        standin.booths = booth.Booths(standin)
        app.router.add_get("/booth", booth.booth)
        app.router.add_get("/numbers", booth.numbers)
        app.router.add_get("/errors", booth.errors)

    async def close(app: web.Application) -> None:
        for socket in list(app[SOCKETS].open):
            await socket.close(WSCloseCode.GOING_AWAY, "the stand-in stops")
        await standin.close()

    app.on_shutdown.append(close)
    return app


@asynccontextmanager
async def serving(
    config: Config, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Standin]:
    """On a port of its own (0: a free one), until the block is left."""
    inner = make_standin(config)
    outer = web.Application()
    outer.add_subapp(MOUNT, inner)
    runner = web.AppRunner(outer, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        standin = inner[STANDIN]
        taken = runner.addresses[0][1]
        standin.base_url = f"http://{host}:{taken}{MOUNT}"
        yield standin
    finally:
        await runner.cleanup()
