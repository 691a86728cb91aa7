"""The web process of `serve` and `demo`: from its port to its clean end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine
from types import FrameType
from typing import Any

import structlog
from aiohttp import web

from router.embedded.stores import Stores
from router.settings import Settings

log = structlog.get_logger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# together with the stores' own time to stop, below the five seconds that we promise
GRACE_S = 2.5


class PortTaken(Exception):
    """The port cannot be listened on; the message says what to do."""


def listen(host: str, port: int, command: str) -> list[socket.socket]:
    """Take the port, before anything else is started. Raises PortTaken."""
    taken: list[socket.socket] = []
    trouble: OSError | None = None
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, address in dict.fromkeys(found):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
            sock.bind(address)
            sock.listen(1024)
        except OSError as error:
            sock.close()
            # `localhost` may have an address of a family that this machine does not have
            if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT} or not trouble:
                trouble = error
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                break
        else:
            taken.append(sock)
    if taken and (trouble is None or trouble.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}):
        return taken
    for sock in taken:
        sock.close()
    raise PortTaken(_advice(host, port, command, trouble))


def _advice(host: str, port: int, command: str, trouble: OSError | None) -> str:
    code = trouble.errno if trouble else None
    if code == errno.EADDRINUSE:
        free = next((other for other in range(port + 1, port + 100) if _free(host, other)), None)
        what = f"PORT={free} {command}" if free else f"PORT=… {command}"
        return (
            f"Port {port} is taken by another program. Stop that one, or choose another port:\n"
            f"  {what}"
        )
    if code == errno.EACCES:
        return (
            f"Port {port} is for root alone. Choose one above 1023:\n  PORT={port + 8000} {command}"
        )
    return f"Cannot listen on {host}, port {port}: {trouble}. Set HOST and PORT."


def _free(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_server((host, port)):
        return True
    return False


def interruptible() -> None:
    """Let SIGTERM and a closed terminal end the process like Ctrl-C, stores being stopped."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in SIGNALS:
        signal.signal(number, interrupt)


def run(
    settings: Settings,
    sockets: list[socket.socket],
    *,
    stores: Stores | None = None,
    prepare: Callable[[web.Application], Awaitable[None]] | None = None,
    serving: Callable[[], None] | None = None,
    beside: Callable[[web.Application], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Serve until a signal comes; blocks.

    prepare: runs when the application's resources are there, before it answers.
    serving: called as soon as it answers.
    beside: runs while it answers, and is cancelled at the end.
    """
    asyncio.run(_run(settings, sockets, stores, prepare, serving, beside))
    # what follows is the stores' end: an impatient second Ctrl-C must not leave them running
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


async def _run(
    settings: Settings,
    sockets: list[socket.socket],
    stores: Stores | None,
    prepare: Callable[[web.Application], Awaitable[None]] | None,
    serving: Callable[[], None] | None,
    beside: Callable[[web.Application], Coroutine[Any, Any, None]] | None,
) -> None:
    # here, so that `secondline --help` and errors in settings come at once
    from router.app import make_app

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)
    app = make_app(settings)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    tasks: list[asyncio.Task[None]] = []
    try:
        await runner.setup()
        if prepare is not None:
            await prepare(app)
        _spare_the_collector()
        for sock in sockets:
            await web.SockSite(runner, sock).start()
        log.info("serving", url=settings.public_url, port=settings.port)
        if serving is not None:
            serving()
        if stores is not None:
            tasks.append(asyncio.create_task(stores.watch(), name="stores"))
        if beside is not None:
            tasks.append(asyncio.create_task(beside(app), name="beside"))
            tasks[-1].add_done_callback(_complain)
        await stop.wait()
        log.info("stopping")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await asyncio.wait_for(runner.cleanup(), GRACE_S)
        except TimeoutError:
            log.warning("not everything ended in time", seconds=GRACE_S)


def _spare_the_collector() -> None:
    """What stays for as long as the process is not looked through for cycles again and again.

    Ten thousand desks are some million objects: by the standard thresholds each burst of work
    had them all visited, a tenth of a second at a time in which nobody is served.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _complain(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("ended early", task=task.get_name(), exc_info=error)


def say(*lines: str) -> None:
    """To whoever typed the command; at once, even into a pipe."""
    # the service goes on when the other end of a pipe has heard enough
    with contextlib.suppress(BrokenPipeError):
        for line in lines:
            print(line, flush=True)
