"""Make the first account: an administrator, and their workspace where it does not exist yet.

With a password (asked for, or the first line of the input with --password-stdin), or with
--invite, which prints a link to choose one.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import hashlib
import re
import secrets
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from router.commands.service import say
from router.embedded.stores import Stores
from router.errors import Conflict, Invalid
from router.identity.hashing import Hasher
from router.settings import data_folder, database_url, public_url
from router.store.migrate import migrate

HELP = "make the first account, an administrator"

LEAST_PASSWORD = 12
INVITATION_HOURS = 72


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
        say(f"Within {INVITATION_HOURS} hours, once: {address}/login?token={token}")
    return 0


def _newcomer(arguments: argparse.Namespace) -> Newcomer:
    email = (arguments.email or _ask("Mail address", "--email")).strip().lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise Invalid(f"{email!r} is not a mail address", field="email")
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
    if len(password) < LEAST_PASSWORD:
        raise Invalid(f"A password has at least {LEAST_PASSWORD} characters", field="password")
    return Newcomer(email, name, workspace, password)


def _ask(question: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise Invalid(f"{option} is missing")
    return input(f"{question}: ")


def slug_of(name: str) -> str:
    """The workspace's name as it appears in addresses: small letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].rstrip("-") or "workspace"


async def create(url: str, newcomer: Newcomer) -> str | None:
    """Commit the account; returns the invitation's token where there is no password.

    Raises Conflict when somebody has this mail address already.
    """
    await migrate(url)
    hashed = None
    if newcomer.password is not None:
        hasher = Hasher(threads=1)
        hashed = await hasher.hash(newcomer.password)
        hasher.close()
    connection = await asyncpg.connect(url, timeout=10)
    try:
        async with connection.transaction():
            workspace = await connection.fetchval(
                """
                insert into workspace (slug, name) values ($1, $2)
                on conflict (slug) do update set slug = excluded.slug returning id
                """,
                slug_of(newcomer.workspace),
                newcomer.workspace,
            )
            account = await connection.fetchval(
                """
                insert into account (workspace_id, email, name, role, password_hash)
                values ($1, $2, $3, 'admin', $4)
                on conflict (email) do nothing returning id
                """,
                workspace,
                newcomer.email,
                newcomer.name,
                hashed,
            )
            if account is None:
                raise Conflict(f"Somebody has the address {newcomer.email} already", field="email")
            if hashed is not None:
                return None
            token = secrets.token_urlsafe(32)
            await connection.execute(
                """
                insert into invitation (token_hash, workspace_id, account_id, purpose, expires_at)
                values ($1, $2, $3, 'invite', now() + make_interval(hours => $4))
                """,
                hashlib.sha256(token.encode()).digest(),
                workspace,
                account,
                INVITATION_HOURS,
            )
            return token
    finally:
        await connection.close()
