"""Make the first account: an administrator, and their workspace where it does not exist yet.

With a password (asked for, or the first line of the input with --password-stdin), or with
--invite, which prints a link to choose one.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import re
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from router.commands.service import say
from router.embedded.stores import Stores
from router.errors import Invalid
from router.identity import passwords
from router.identity.accounts import checked_email, create_first
from router.identity.hashing import Hasher
from router.identity.invitations import LIVES, issue
from router.settings import data_folder, database_url, public_url
from router.store.migrate import migrate
from router.store.truth import open_pool

HELP = "make the first account, an administrator"


@dataclass(frozen=True)
class Newcomer:
    """password: None: by invitation."""

    email: str
    name: str
    workspace: str
    password: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", help="what they sign in with")
    parser.add_argument("--name", help="as others see it")
    parser.add_argument("--workspace", help="the company's name")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--password-stdin", action="store_true", help="read the password from input")
    how.add_argument("--invite", action="store_true", help="print a link to choose a password")


def run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    newcomer = _newcomer(arguments)
    url = database_url(environ)
    if url is not None:
        token = asyncio.run(create(url, newcomer))
    else:
        with Stores(data_folder(environ), attach=True) as stores:
            token = asyncio.run(create(stores.database_url, newcomer))
    address = public_url(environ)
    say(f"{newcomer.name} <{newcomer.email}> is an administrator of {newcomer.workspace}.")
    if token is None:
        say(f"Sign in at {address}/login")
    else:
        days = LIVES["invite"].days
        say(f"To choose a password, once and within {days} days: {address}/login?token={token}")
    return 0


def _newcomer(arguments: argparse.Namespace) -> Newcomer:
    email = checked_email(arguments.email or _ask("Mail address", "--email"))
    name = (arguments.name or _ask("Name", "--name")).strip()
    workspace = (arguments.workspace or _ask("Company", "--workspace")).strip()
    if not name or not workspace or max(len(name), len(workspace)) > 200:
        raise Invalid("The name and the company need 1 to 200 characters", field="name")
    if arguments.invite:
        return Newcomer(email, name, workspace, None)
    if arguments.password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        if not sys.stdin.isatty():
            raise Invalid("No terminal to ask for a password: --password-stdin or --invite")
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise Invalid("The two passwords differ", field="password")
    return Newcomer(email, name, workspace, passwords.check(password, email=email))


def _ask(question: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise Invalid(f"{option} is missing")
    return input(f"{question}: ")


def slug_of(name: str) -> str:
    """The workspace's name as it appears in addresses: small letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].rstrip("-") or "workspace"


async def create(url: str, newcomer: Newcomer) -> str | None:
    """Commit the account; returns the invitation's secret where there is no password.

    Raises Invalid; Conflict when the workspace has an admin, or the address an account.
    """
    await migrate(url)
    hasher = Hasher(threads=1)
    # one transaction: no account without its invitation
    async with await open_pool(url, size=1) as pool, pool.acquire() as conn, conn.transaction():
        workspace, account = await create_first(
            conn,
            hasher,
            slug=slug_of(newcomer.workspace),
            company=newcomer.workspace,
            email=newcomer.email,
            name=newcomer.name,
            password=newcomer.password,
        )
        if newcomer.password is not None:
            return None
        return await issue(conn, workspace, account, "invite", by=None)
