"""Dropping what time has forgiven or ended, so that the tables stay small."""

from __future__ import annotations

import asyncio

import asyncpg
import structlog

from router.identity import sessions, throttle

log = structlog.get_logger()

EVERY_SECONDS = 3600.0


async def run(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """Every hour, until cancelled; any number of processes may do it at once."""
    while True:
        try:
            async with pool.acquire() as conn:
                await throttle.forget_old(conn)
                await sessions.forget_old(conn)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            log.warning("identity.untidied", error=str(error))
        await asyncio.sleep(EVERY_SECONDS)
