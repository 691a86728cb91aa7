"""Look whether this environment is fit for `secondline serve`, and say what is not."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from router import web
from router.commands.service import say
from router.errors import SecondlineError
from router.settings import Settings
from router.store.live import open_live
from router.store.migrate import missing

HELP = "look whether the environment is fit for serve"

POSTGRESQL = 15
REDIS, VALKEY = 7, 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = Settings.from_env(environ)
    problems = asyncio.run(_problems(settings))
    say(*(f"  - {problem}" for problem in problems))
    say("Not fit." if problems else "Fit to serve.")
    return 1 if problems else 0


async def _problems(settings: Settings) -> list[str]:
    found = []
    if not (Path(web.__file__).parent / "dist" / "desk.html").exists():
        found.append("The pages are not built; install again without SECONDLINE_SKIP_DASHBOARDS")
    if settings.database_url is not None:
        found += await _truth(settings.database_url)
    if settings.redis_url is not None:
        found += await _live(settings.redis_url)
    if settings.twilio is not None and settings.twilio.api_base is not None:
        found.append("TWILIO_API_BASE is set: calls go to a stand-in, not to Twilio")
    return found


async def _truth(url: str) -> list[str]:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, ValueError, TimeoutError) as error:
        return [f"DATABASE_URL: no connection: {error or type(error).__name__}"]
    try:
        version = connection.get_server_version().major
        if version < POSTGRESQL:
            return [f"DATABASE_URL: PostgreSQL {version}; at least {POSTGRESQL} is needed"]
        lacking = await missing(connection)
        return [f"{len(lacking)} migrations are missing: secondline migrate"] if lacking else []
    except SecondlineError as error:
        return [error.message]
    finally:
        await connection.close()


async def _live(url: str) -> list[str]:
    client = open_live(url)
    found = []
    try:
        info = await client.info("server")
        if "valkey_version" in info:
            name, version, least = "Valkey", str(info["valkey_version"]), VALKEY
        else:
            name, version, least = "Redis", str(info["redis_version"]), REDIS
        if int(version.split(".")[0]) < least:
            found.append(f"REDIS_URL: {name} {version}; at least {least} is needed")
        policy = (await client.info("memory")).get("maxmemory_policy")
        if policy not in {None, "noeviction"}:
            found.append(
                f"REDIS_URL: maxmemory-policy is {policy}; with anything but noeviction the "
                f"server may throw waiting contacts away"
            )
    except Exception as error:  # the client raises its own and the system's errors
        found.append(f"REDIS_URL: no connection: {error}")
    finally:
        await client.aclose()
    return found
