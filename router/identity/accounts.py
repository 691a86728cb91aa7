"""Accounts of staff: who they are, what they may do, and what they can serve as agents."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from router.errors import Conflict, Invalid, NotFound
from router.identity import audit, entries, passwords
from router.identity.hashing import Hasher
from router.identity.numbers import normalise
from router.identity.sessions import Sessions, revoke_all
from router.queues.outbox import Outbox, Pending
from router.queues.presence import agent_changed, hold_kinds
from router.store.truth import Connection

_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+")
_SIP = re.compile(r"sips?:[A-Za-z0-9.!~*'()&=+$,;?/_%-]{1,100}@[A-Za-z0-9.-]{1,150}(:[0-9]{1,5})?")
_SKILL = re.compile(r"[a-z0-9][a-z0-9_.-]{0,49}")
CAPACITY = {"voice": 1, "chat": 20, "video": 1}
"""The most contacts at once that an agent can be given, per channel: one voice, one face."""


@dataclass(frozen=True)
class Agent:
    """What an account can serve. reach_address: E.164 or a SIP address; None at a softphone."""

    tier: int = 1
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    capacity: dict[str, int] = field(default_factory=lambda: {"voice": 1, "chat": 3, "video": 1})
    reach: str = "softphone"
    reach_address: str | None = None


def checked_email(text: str) -> str:
    """In lower case. Raises Invalid."""
    email = text.strip().lower()
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise Invalid("This is not a mail address.", field="email")
    return email


def checked_agent(agent: Agent, country: str) -> Agent:
    """The same with every value in its one spelling. Raises Invalid naming the field. Pure."""
    try:
        languages = entries.languages(agent.languages)
    except Invalid as error:
        raise Invalid(error.message, field="agent.languages") from None
    for skill in agent.skills:
        if not _SKILL.fullmatch(skill):
            raise Invalid(
                "A skill is a short word in lower case, such as “router”.", field="agent.skills"
            )
    for channel, count in agent.capacity.items():
        if not 0 <= count <= CAPACITY.get(channel, 0):
            raise Invalid(
                f"At most {CAPACITY.get(channel, 0)} at once.", field=f"agent.capacity.{channel}"
            )
    address = (agent.reach_address or "").strip()
    if agent.reach == "phone":
        address = normalise(address, country) or ""
    elif (agent.reach == "sip" and not _SIP.fullmatch(address)) or agent.reach == "softphone":
        address = ""
    if agent.reach != "softphone" and not address:
        wanted = "a phone number" if agent.reach == "phone" else "an address such as sip:ana@host"
        raise Invalid(f"This must be {wanted}.", field="agent.reach_address")
    return Agent(
        agent.tier,
        languages,
        tuple(dict.fromkeys(agent.skills)),
        {channel: agent.capacity.get(channel, 0) for channel in CAPACITY},
        agent.reach,
        address or None,
    )


class Accounts:
    """Creates, changes and disables accounts; every change has an audit row."""

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        hasher: Hasher,
        sessions: Sessions,
        outbox: Outbox,
    ) -> None:
        self._pool = pool
        self._hasher = hasher
        self._sessions = sessions
        self._outbox = outbox

    async def create_first(
        self, *, slug: str, company: str, email: str, name: str, password: str
    ) -> UUID:
        """The first admin, and their workspace where there is none of this slug; for the CLI.

        Raises Invalid; Conflict when the workspace has an admin or the address an account.
        """
        email, name = checked_email(email), entries.name(name)
        hashed = await self._hasher.hash(passwords.check(password, email=email))
        async with self._pool.acquire() as conn, conn.transaction():
            ws = await conn.fetchval(
                "insert into workspace (slug, name) values ($1, $2)"
                " on conflict (slug) do update set slug = excluded.slug returning id",
                slug,
                company,
            )
            if await _admins(conn, ws):
                raise Conflict("This workspace has an admin already, who can invite others.")
            made = await _insert(conn, ws, email, name, "admin", hashed)
            await audit.note(conn, ws, None, "account.create", made, {"role": "admin"})
        return made

    async def create(
        self, ws: UUID, *, email: str, name: str, role: str, agent: Agent | None, by: UUID | None
    ) -> UUID:
        """A new account, without a password until an invitation is accepted.

        Raises Invalid naming the field; Conflict for an address that has an account.
        """
        email, name = checked_email(email), entries.name(name)
        if role == "agent" and agent is None:
            raise Invalid("An agent needs a tier and languages.", field="agent")
        async with self._pool.acquire() as conn, conn.transaction():
            made = await _insert(conn, ws, email, name, role, None)
            if agent is not None:
                await _write_agent(conn, ws, made, checked_agent(agent, await _country(conn, ws)))
            await audit.note(conn, ws, by, "account.create", made, {"role": role})
        return made

    async def change(
        self,
        ws: UUID,
        account_id: UUID,
        *,
        name: str | None = None,
        role: str | None = None,
        agent: Agent | None = None,
        by: UUID | None,
    ) -> None:
        """Change what is given. Another role ends the account's sessions.

        Raises NotFound, Invalid; Conflict for the last admin.
        """
        name = None if name is None else entries.name(name)
        pending: Pending | None = None
        async with self._pool.acquire() as conn, conn.transaction():
            before = await _locked(conn, ws, account_id)
            new_role = role or before["role"]
            if before["role"] == "admin" != new_role:
                await _keep_an_admin(conn, ws, account_id)
            if new_role == "agent" and agent is None and not before["is_agent"]:
                raise Invalid("An agent needs a tier and languages.", field="agent")
            await conn.execute(
                "update account set name = coalesce($2, name), role = $3 where id = $1",
                account_id,
                name,
                new_role,
            )
            if new_role != before["role"]:
                await revoke_all(conn, account_id)
            if agent is not None:
                agent = checked_agent(agent, await _country(conn, ws))
                await _write_agent(conn, ws, account_id, agent)
                pending = await agent_changed(conn, ws, account_id)
            await audit.note(conn, ws, by, "account.change", account_id, {"role": new_role})
        await self._after(ws, account_id, pending, told=new_role != before["role"])

    async def disable(self, ws: UUID, account_id: UUID, *, by: UUID | None) -> None:
        """Shut the account out at once: sessions, links and open sockets end, the agent is offline.

        Raises NotFound; Conflict for the last admin.
        """
        pending: Pending | None = None
        async with self._pool.acquire() as conn, conn.transaction():
            before = await _locked(conn, ws, account_id)
            if before["role"] == "admin":
                await _keep_an_admin(conn, ws, account_id)
            await conn.execute(
                "update account set disabled_at = coalesce(disabled_at, now()) where id = $1",
                account_id,
            )
            await revoke_all(conn, account_id)
            await conn.execute(
                "update invitation set used_at = now() where account_id = $1 and used_at is null",
                account_id,
            )
            if before["is_agent"]:
                await conn.execute(
                    "update agent set presence = 'offline', presence_reason = 'disabled',"
                    " presence_since = now() where id = $1 and presence <> 'offline'",
                    account_id,
                )
                pending = await agent_changed(conn, ws, account_id)
            await audit.note(conn, ws, by, "account.disable", account_id)
        await self._after(ws, account_id, pending, told=True)

    async def enable(self, ws: UUID, account_id: UUID, *, by: UUID | None) -> None:
        """Let the account sign in again, with the password it had. Raises NotFound."""
        async with self._pool.acquire() as conn, conn.transaction():
            await _locked(conn, ws, account_id)
            await conn.execute("update account set disabled_at = null where id = $1", account_id)
            await audit.note(conn, ws, by, "account.enable", account_id)

    async def _after(
        self, ws: UUID, account_id: UUID, pending: Pending | None, *, told: bool
    ) -> None:
        if told:
            await self._sessions.tell(ws, account_id)
        if pending is not None:
            await self._outbox.apply(pending)


async def _locked(conn: Connection, ws: UUID, account_id: UUID) -> asyncpg.Record:
    # one change of a company's staff at a time: two admins must not take the other's role at once
    await conn.execute("select from workspace where id = $1 for no key update", ws)
    await hold_kinds(conn, ws)
    row = await conn.fetchrow(
        "select a.role, g.id is not null as is_agent from account a"
        " left join agent g on g.id = a.id"
        " where a.workspace_id = $1 and a.id = $2 for update of a",
        ws,
        account_id,
    )
    if row is None:
        raise NotFound("There is no such account.")
    return row


async def _admins(conn: Connection, ws: UUID, but: UUID | None = None) -> int:
    count: int = await conn.fetchval(
        "select count(*) from account where workspace_id = $1 and role = 'admin'"
        " and disabled_at is null and id is distinct from $2",
        ws,
        but,
    )
    return count


async def _keep_an_admin(conn: Connection, ws: UUID, account_id: UUID) -> None:
    if not await _admins(conn, ws, but=account_id):
        raise Conflict("Somebody must stay who can administer the workspace.", state="last admin")


async def _insert(
    conn: Connection, ws: UUID, email: str, name: str, role: str, hashed: str | None
) -> UUID:
    made: UUID | None = await conn.fetchval(
        "insert into account (workspace_id, email, name, role, password_hash)"
        " values ($1, $2, $3, $4, $5) on conflict (email) do nothing returning id",
        ws,
        email,
        name,
        role,
        hashed,
    )
    if made is None:
        raise Conflict("This mail address has an account already.", field="email")
    return made


async def _write_agent(conn: Connection, ws: UUID, account_id: UUID, agent: Agent) -> None:
    values: list[Any] = [agent.tier, list(agent.languages), list(agent.skills), agent.capacity]
    await conn.execute(
        "insert into agent (id, workspace_id, tier, languages, skills, capacity, reach,"
        " reach_address) values ($1, $2, $3, $4, $5, $6, $7, $8)"
        " on conflict (id) do update set tier = excluded.tier, languages = excluded.languages,"
        " skills = excluded.skills, capacity = excluded.capacity, reach = excluded.reach,"
        " reach_address = excluded.reach_address",
        account_id,
        ws,
        *values,
        agent.reach,
        agent.reach_address,
    )


async def _country(conn: Connection, ws: UUID) -> str:
    country: str = await conn.fetchval("select country from workspace where id = $1", ws)
    return country
