"""PostgreSQL, the truth: the pool, with JSON as Python values.

Most of what is asked is one statement by itself. asyncpg's way of lending a connection and taking
it back costs as much processor time as such a statement, so some connections are kept in hand.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, TypeAlias

import asyncpg
import msgspec

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder()

# In quotes, for asyncpg's classes are generic to the type checker alone
Connection: TypeAlias = (
    "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
)

# a row, or a plain mapping that stands for one
Row = asyncpg.Record | Mapping[str, Any]


class _Lean(asyncpg.Connection):
    """A connection that is not reset when it goes back to the pool.

    Nothing here leaves session state behind: locks are transactions' or let go of by hand, and
    settings are never changed. The reset would cost a round trip for every query.
    """

    def get_reset_query(self) -> str:
        return ""


async def _prepare(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + _encoder.encode(value),
        decoder=lambda raw: _decoder.decode(raw[1:]),
    )


KEPT_FOR = 1000
"""So many statements go over a kept connection until the pool looks after it again."""


class _Pool(asyncpg.Pool):
    """A pool whose own `fetch`, `fetchrow`, `fetchval` and `execute` keep connections in hand.

    At most half of them, so that as many are left for transactions; a statement beyond those
    borrows one as usual. Each goes back to the pool now and then, for it to be renewed.
    """

    def __init__(self, url: str, *, max_size: int, **settings: Any) -> None:
        super().__init__(url, max_size=max_size, **settings)
        self._most = max_size // 2
        self._kept: list[asyncpg.pool.PoolConnectionProxy[asyncpg.Record]] = []
        self._turns = itertools.count(1)

    async def fetch(self, query: str, *arguments: Any, **how: Any) -> Any:
        return await self._state("fetch", query, arguments, how)

    async def fetchrow(self, query: str, *arguments: Any, **how: Any) -> Any:
        return await self._state("fetchrow", query, arguments, how)

    async def fetchval(self, query: str, *arguments: Any, **how: Any) -> Any:
        return await self._state("fetchval", query, arguments, how)

    async def execute(self, query: str, *arguments: Any, **how: Any) -> Any:
        return await self._state("execute", query, arguments, how)

    async def close(self) -> None:
        self._most = 0
        while self._kept:
            await self.release(self._kept.pop())
        await super().close()

    async def _state(
        self, method: str, query: str, arguments: tuple[Any, ...], how: dict[str, Any]
    ) -> Any:
        connection = self._take() or await self.acquire()
        try:
            answer = await getattr(connection, method)(query, *arguments, **how)
        except (asyncpg.OperatorInterventionError, asyncpg.PostgresConnectionError):
            # the server ends the connection, which may not be seen to be closed yet
            connection.terminate()
            raise
        except asyncpg.PostgresError:
            # the server has answered: the connection is as good as before
            await self._give_back(connection)
            raise
        except BaseException:
            # cut off in the middle: the pool knows how to wait for what was cancelled
            await self.release(connection)
            raise
        await self._give_back(connection)
        return answer

    def _take(self) -> asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | None:
        while self._kept:
            connection = self._kept.pop()
            if _is_open(connection):
                return connection
        return None

    async def _give_back(
        self, connection: asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    ) -> None:
        keep = len(self._kept) < self._most and next(self._turns) % KEPT_FOR != 0
        if keep and _is_open(connection):
            self._kept.append(connection)
        else:
            await self.release(connection)


def _is_open(connection: asyncpg.pool.PoolConnectionProxy[asyncpg.Record]) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # the pool has noticed its end, and has its place again
        return False


async def open_pool(url: str, *, size: int = 20) -> asyncpg.Pool[asyncpg.Record]:
    """A pool of at most `size` connections; jsonb values are Python values both ways.

    Raises what asyncpg raises when the server cannot be reached.
    """
    pool: asyncpg.Pool[asyncpg.Record] = await _Pool(
        url,
        min_size=min(2, size),
        max_size=size,
        init=_prepare,
        init_size=None,
        reset=None,
        setup=None,
        connect=None,
        loop=None,
        record_class=asyncpg.Record,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        connection_class=_Lean,
        command_timeout=10,
        timeout=5,
        # a pooler in front (PgBouncer) does not keep prepared statements; named ones pay here
        statement_cache_size=512,
    )
    return pool
