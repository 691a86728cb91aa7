"""Show Secondline on this machine: a demo company on embedded stores, and its logins.

The data stays in the data folder, and is there again after a restart. PORT chooses the port,
HOST who may reach it (this machine alone, unless told).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import secrets
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from router.commands.service import listen, say
from router.commands.service import run as run_service
from router.embedded.process import CannotStart
from router.embedded.stores import Stores
from router.settings import Settings, data_folder
from router.store.migrate import migrate
from router.web import logs

if TYPE_CHECKING:
    from router.demo.company import Login

HELP = "show it: embedded stores, a demo company, and where to click"

PAGES = (
    ("Customer page", "/"),
    ("Agent desk", "/desk"),
    ("Supervisor", "/supervisor"),
    ("Admin", "/admin"),
    ("Phone booth", "/booth"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", metavar="DIR", type=Path, help="the data folder (./data)")
    parser.add_argument(
        "--traffic", action="store_true", help="with simulated experts, customers and agents"
    )
    parser.add_argument("--verbose", action="store_true", help="log every request")


def run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    if arguments.verbose:
        logs.configure()
    data: Path = arguments.data or data_folder(environ)
    settings = Settings.for_demo(environ, data, secret_of(data))
    sockets = listen(settings.host, settings.port, "secondline demo")
    say(f"Starting PostgreSQL and Valkey in {data.resolve()} …")
    with Stores(data) as stores:
        asyncio.run(migrate(stores.database_url))
        settings = replace(settings, database_url=stores.database_url, redis_url=stores.redis_url)
        logins: list[Login] = []

        async def prepare(app: web.Application) -> None:
            from router.demo.company import seed

            logins.extend(await seed(app))

        def serving() -> None:
            from router.demo.company import experts

            say(*announcement(settings, logins, experts(), traffic=arguments.traffic))

        run_service(
            settings,
            sockets,
            stores=stores,
            prepare=prepare,
            serving=serving,
            beside=_traffic if arguments.traffic else None,
        )
        say("", "Stopping …")
    say(f"Stopped. The data is kept in {data.resolve()}")
    return 0


def secret_of(data: Path) -> str:
    """The data folder's own secret key, made at the first start."""
    file = data / "secret"
    try:
        data.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            new = data / f"secret.{os.getpid()}"
            new.touch(mode=0o600)
            new.write_text(secrets.token_urlsafe(48))
            # never half written, and the first of two demos at once wins
            with contextlib.suppress(FileExistsError):
                os.link(new, file)
            new.unlink()
        return file.read_text().strip()
    except OSError as error:
        raise CannotStart(
            f"The data folder {data.resolve()} cannot be used: {error}. "
            f"Choose another one: --data DIR or SECONDLINE_DATA"
        ) from None


def _traffic(app: web.Application) -> Coroutine[Any, Any, None]:
    from router.demo.traffic import run as run_traffic

    return run_traffic(app)


def announcement(
    settings: Settings, logins: Sequence[Login], experts: Sequence[str], *, traffic: bool
) -> list[str]:
    """What the demo prints: where to go, and who to be."""
    lines = ["", f"Secondline is at {settings.public_url}", ""]
    lines += [f"  {title:<15}{settings.public_url}{path}" for title, path in PAGES]
    lines += ["", f"Sign in at {settings.public_url}/login as"]
    widths = [max(len(part) for part in parts) for parts in zip(*map(_parts, logins), strict=True)]
    for login in logins:
        role, email, password = _parts(login)
        lines.append(f"  {role:<{widths[0]}}  {email:<{widths[1]}}  {password}")
    lines += ["", "Experts who call with their number withheld key in number and PIN:"]
    lines += [f"  {line}" for line in experts]
    lines.append("")
    if traffic:
        lines.append("Simulated agents answer your chats; your calls wait for an agent who is you.")
    else:
        lines.append("Nobody calls by themselves: `secondline demo --traffic` brings some life.")
    lines += ["Ctrl-C stops it; the data stays.", ""]
    return lines


def _parts(login: Login) -> tuple[str, str, str]:
    return login.role, login.email, login.password
