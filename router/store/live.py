"""The live store: a client for Redis or Valkey.

Retries are off: a script whose reply was cut off has run, and redis-py would run it again.
Scripts are idempotent by generation, but a second run would answer the second state.
"""

from __future__ import annotations

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def open_live(url: str, *, size: int = 32) -> Redis:
    """A client with at most `size` connections; callers wait up to 5 s for a free one.

    The plain pool raises MaxConnectionsError in a burst instead of letting callers wait.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=size,
        timeout=5,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=10,
        socket_connect_timeout=2,
        decode_responses=True,
        # connections over a unix socket do not know the argument
        **({} if url.startswith("unix") else {"socket_keepalive": True}),
    )
    return Redis.from_pool(pool)
