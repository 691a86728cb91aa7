"""Serve a workspace's contacts: production, set up by the environment alone.

PUBLIC_URL and SECRET_KEY must be set. With DATABASE_URL and REDIS_URL any number of these
processes may run; without, the embedded stores do, with their data in SECONDLINE_DATA.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from dataclasses import replace

import asyncpg

from router.commands.service import listen
from router.commands.service import run as run_service
from router.embedded.stores import Stores
from router.errors import Unavailable
from router.settings import Settings
from router.store.migrate import MigrationError, migrate, missing
from router.web import logs
from router.web.logs import mask

HELP = "serve in production; settings come from the environment"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter


def run(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = Settings.from_env(environ)
    logs.configure()
    sockets = listen(settings.host, settings.port, "secondline serve")
    if settings.database_url is not None:
        asyncio.run(_current(settings.database_url))
        run_service(settings, sockets)
        return 0
    with Stores(settings.data) as stores:
        # no release step comes before this one, and no other process shares the database
        asyncio.run(_fit(stores.database_url))
        settings = replace(settings, database_url=stores.database_url, redis_url=stores.redis_url)
        run_service(settings, sockets, stores=stores)
    return 0


async def _fit(url: str) -> None:
    await migrate(url)
    await _current(url)


async def _current(url: str) -> None:
    """The schema is what this version works on, and the data is no demo's.

    Raises Unavailable or MigrationError.
    """
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError) as error:
        raise Unavailable(
            f"DATABASE_URL: no connection: {mask(str(error)) or type(error).__name__}"
        ) from None
    try:
        lacking = await missing(connection)
        demo = not lacking and await connection.fetchval(
            "select exists (select from workspace where policy ? 'demo')"
        )
    finally:
        await connection.close()
    if lacking:
        raise MigrationError(
            f"The database lacks {len(lacking)} migrations, from {lacking[0].number:04} "
            f"({lacking[0].name}) on. Run this first: secondline migrate"
        )
    if demo:
        raise Unavailable(
            "This database holds the demo company, whose passwords everybody knows. "
            "Serve another one: set DATABASE_URL, or SECONDLINE_DATA to another folder"
        )
