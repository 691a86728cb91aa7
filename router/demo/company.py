"""The demo company in the database: made once, as a whole, and left alone from then on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from uuid import UUID

from aiohttp import web

from router.demo import cast
from router.embedded.process import CannotStart
from router.identity import agents, audit, passwords
from router.identity.entries import Entry
from router.identity.hashing import Hasher
from router.identity.register import store
from router.policy.checks import check_text
from router.policy.versions import By, Refused, change
from router.store.truth import Connection
from router.web.keys import HASHER, POOL

POLICY = files("router.demo").joinpath("policy.yaml").read_text("utf-8")

MARK = "demo"
"""In a workspace's policy: its passwords are known to everybody."""


@dataclass(frozen=True)
class Login:
    """Somebody to sign in as. role: in words, for the table that the demo prints."""

    role: str
    email: str
    password: str


async def seed(app: web.Application) -> Sequence[Login]:
    """Make the company unless it is there already; who to sign in as.

    Raises CannotStart where another company is at home: its database gets no known passwords.
    """
    async with app[POOL].acquire() as conn, conn.transaction():
        # two demos over one database must not both make it
        await conn.execute("select pg_advisory_xact_lock(hashtextextended('demo company', 0))")
        marks = await conn.fetchval("select array_agg(policy ? $1) from workspace", MARK) or []
        if not all(marks):
            raise CannotStart(
                "This database holds a company of its own, and the demo's passwords are known to"
                " everybody. Give the demo another data folder: --data DIR"
            )
        if not marks:
            await _found(conn, app[HASHER])
    return logins()


def logins() -> list[Login]:
    """Who to sign in as. Pure."""
    return [Login(member.about, member.email, cast.PASSWORD) for member in cast.STAFF]


def experts() -> list[str]:
    """The experts with their PINs, one a line. Pure."""
    return [f"{expert.number}  {expert.pin}  {expert.name}" for expert in cast.EXPERTS]


async def _found(conn: Connection, hasher: Hasher) -> None:
    ws: UUID = await conn.fetchval(
        "insert into workspace (slug, name, policy) values ($1, $2, $3) returning id",
        cast.SLUG,
        cast.COMPANY,
        {MARK: True},
    )
    document, problems = check_text(POLICY, "DE")
    if document is None:
        raise Refused(problems)
    made = document
    by = By(None, "The demo company")
    await change(conn, ws, by, lambda draft: replace(draft, document=made), source=POLICY)
    for member in cast.STAFF:
        password = passwords.check(cast.PASSWORD, email=member.email)
        await employ(conn, ws, member, await hasher.hash(password))
    await register(conn, ws, hasher, cast.EXPERTS)
    for customer in cast.CUSTOMERS:
        await _know(conn, ws, customer)
    await audit.note(conn, ws, None, "workspace.create", ws, {"demo": True})


async def employ(conn: Connection, ws: UUID, member: cast.Member, hashed: str) -> UUID:
    """An account with this password, and what it can serve; changed if it is there already."""
    made: UUID = await conn.fetchval(
        "insert into account (workspace_id, email, name, role, password_hash)"
        " values ($1, $2, $3, $4, $5) on conflict (email)"
        " do update set password_hash = excluded.password_hash, disabled_at = null returning id",
        ws,
        member.email,
        member.name,
        member.role,
        hashed,
    )
    if member.agent is not None:
        checked = agents.checked_agent(member.agent, await agents.country(conn, ws))
        await agents.write(conn, ws, made, checked)
    return made


async def register(
    conn: Connection, ws: UUID, hasher: Hasher, experts: Sequence[cast.Expert]
) -> None:
    """Enter these experts into the register, with their PINs."""
    entries = [
        Entry(
            number=expert.number,
            name=expert.name,
            phones=expert.phones,
            account=expert.account,
            languages=expert.languages,
            network_size=expert.network_size,
            active=True,
        )
        for expert in experts
    ]
    await store(conn, ws, entries)
    for expert in experts:
        await conn.execute(
            "update expert set pin_hash = $3 where workspace_id = $1 and number = $2",
            ws,
            expert.number,
            await hasher.hash(expert.pin),
        )


async def _know(conn: Connection, ws: UUID, customer: cast.Customer) -> None:
    person = await conn.fetchval(
        "insert into person (workspace_id, name, provisional) values ($1, $2, false) returning id",
        ws,
        customer.name,
    )
    await conn.executemany(
        "insert into address (workspace_id, kind, value, person_id, registered)"
        " values ($1, $2, $3, $4, true)",
        [(ws, "phone", customer.phone, person), (ws, "account", customer.account, person)],
    )
