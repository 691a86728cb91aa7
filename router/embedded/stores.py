"""Both servers over one data folder, which one service at a time may hold."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO

import structlog

from router.embedded import postgres, valkey
from router.embedded.postgres import Postgres
from router.embedded.process import CannotStart
from router.embedded.valkey import Valkey

log = structlog.get_logger(__name__)


class InUse(CannotStart):
    """Another process serves this data folder."""


class Stores:
    """Valkey and PostgreSQL while the context lasts; blocking, so enter it before the loop runs.

    database_url, redis_url: good while they run; the same at every start.
    attach: where another process holds the folder, use its servers instead of raising InUse
    (`secondline admin` beside a running demo).
    Raises CannotStart.
    """

    def __init__(self, data: Path, *, attach: bool = False) -> None:
        self.data = data.resolve()
        self.attached = False
        self._attach = attach
        self._lock: IO[str] | None = None
        self.database_url = postgres.address(self.data / "postgres")
        self.redis_url = valkey.address(self.data / "valkey")
        self._servers: tuple[Postgres | Valkey, ...] = ()
        self._stopping = False

    def __enter__(self) -> Stores:
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            self._lock = (self.data / "lock").open("a+")
        except OSError as error:
            raise CannotStart(f"The data folder {self.data} cannot be used: {error}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            holder = self._lock.read().strip() or "?"
            self._lock.close()
            if self._attach:
                self.attached = True
                return self
            raise InUse(
                f"The data folder {self.data} is in use by process {holder}. "
                f"Stop that one first, or choose another folder: --data DIR or SECONDLINE_DATA"
            ) from None
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()
        try:
            self._servers = (
                Postgres(self.data / "postgres", self.data / "postgres.log"),
                Valkey(self.data / "valkey", self.data / "valkey.log"),
            )
            with ThreadPoolExecutor(len(self._servers)) as pool:
                try:
                    for started in [pool.submit(server.start) for server in self._servers]:
                        started.result()
                except BaseException:
                    # first, for the pool waits until both are up or stopped
                    self._ask_to_stop()
                    raise
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with _undisturbed():
            self._ask_to_stop()
            for server in self._servers:
                server.process.stop(patience_s=2)
            if self._lock is not None:
                self._lock.close()

    def _ask_to_stop(self) -> None:
        self._stopping = True
        for server in self._servers:
            server.process.ask_to_stop()

    async def watch(self) -> None:
        """Start a server again that has fallen; runs until cancelled."""
        while True:
            await asyncio.sleep(0.5)
            for server in self._servers:
                if server.process.running or self._stopping:
                    continue
                log.error("store fell, starting it again", store=server.process.name)
                try:
                    await asyncio.to_thread(server.start)
                except CannotStart as error:
                    log.error("store does not start", store=server.process.name, why=str(error))
                    await asyncio.sleep(2)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """An impatient second Ctrl-C must not leave servers running."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals do not disturb here
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
