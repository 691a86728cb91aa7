"""The live store: a client for Redis or Valkey.

redis-py's client, with its methods and its connecting, whose commands share one connection of this
process (`link.py`). Retries are off: a script whose reply was cut off has run, and redis-py would
run it again. Scripts are idempotent by generation, but a second run would answer the second state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

from router.store.link import STALL_S, Command, Link

BLOCKING = frozenset(
    {"BLMOVE", "BLMPOP", "BLPOP", "BRPOP", "BZPOPMAX", "BZPOPMIN", "WAIT", "XREAD"}
)
"""Commands that may wait in the store: over the shared connection all others would wait too."""

BLOCK_MS = 2000
"""How long a blocking command may wait in the store: less than what counts as a stall."""


class LiveStore(Redis):
    """Every command goes over one connection, blocking ones over connections of their own.

    Pipelines, transactions and subscriptions of redis-py take theirs from its pool.
    """

    def __init__(self, pool: BlockingConnectionPool) -> None:
        super().__init__(connection_pool=pool)
        self.auto_close_connection_pool = True
        self._link = Link(pool.make_connection)
        self._apart: list[Link] = []

    def call(self, *command: Any) -> asyncio.Future[Any]:
        """One command's answer as the store gives it: none of what redis-py makes of answers."""
        return self._link.call(*command)

    async def calls(self, commands: Sequence[Command]) -> list[Any]:
        """The same for several in one round trip. Raises the first ResponseError among them."""
        answers = await self._link.calls(commands)
        for answer in answers:
            if isinstance(answer, ResponseError):
                raise answer
        return answers

    async def blocking(self, *command: Any) -> Any:
        """The same for a command that waits in the store, at most `BLOCK_MS`."""
        link = self._apart.pop() if self._apart else Link(self.connection_pool.make_connection)
        try:
            answer = await link.call(*command)
        except BaseException:
            # its answer may still come: nobody else must wait for that
            await link.aclose()
            raise
        self._apart.append(link)
        return answer

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """What redis-py's methods call, each for one command."""
        # some of its names are two words
        command = (*args[0].split(), *args[1:])
        if command[0] in BLOCKING:
            answer = await self.blocking(*command)
        else:
            answer = await self._link.call(*command)
        # for its cache of answers, which is not used here
        options.pop("keys", None)
        if callback := self.response_callbacks.get(args[0]):
            return callback(answer, **options)
        return answer

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close; whoever still waits for an answer gets a ConnectionError."""
        for link in (self._link, *self._apart):
            await link.aclose()
        self._apart.clear()
        await super().aclose(close_connection_pool)


def open_live(url: str) -> LiveStore:
    """The client of this process; nothing is connected before the first command."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=8,
        timeout=STALL_S,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=STALL_S,
        socket_connect_timeout=2,
        decode_responses=True,
        # answers have one form, whichever version of redis-py
        protocol=3,
        # connections over a unix socket do not know the argument
        **({} if url.startswith("unix") else {"socket_keepalive": True}),
    )
    return LiveStore(pool)
