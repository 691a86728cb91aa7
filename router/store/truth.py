"""PostgreSQL, the truth: the pool, with JSON as Python values."""

from __future__ import annotations

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


async def open_pool(url: str, *, size: int = 20) -> asyncpg.Pool[asyncpg.Record]:
    """A pool of at most `size` connections; jsonb values are Python values both ways.

    Raises what asyncpg raises when the server cannot be reached.
    """
    return await asyncpg.create_pool(
        url,
        min_size=min(2, size),
        max_size=size,
        init=_prepare,
        connection_class=_Lean,
        command_timeout=10,
        timeout=5,
        # a pooler in front (PgBouncer) does not keep prepared statements; named ones pay here
        statement_cache_size=512,
    )
