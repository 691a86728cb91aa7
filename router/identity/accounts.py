"""Accounts of staff: who they are, what they may do, and what they can serve as agents."""

from __future__ import annotations

import re
from uuid import UUID

import asyncpg

from router.errors import Conflict, Invalid, NotFound
from router.identity import agents, audit, entries, passwords
from router.identity.agents import Agent, checked_agent
from router.identity.hashing import Hasher
from router.identity.sessions import Sessions, revoke_all
from router.queues.outbox import Outbox, Pending
from router.queues.presence import agent_changed, hold_kinds
from router.store.truth import Connection

_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+")


def checked_email(text: str) -> str:
    """In lower case. Raises Invalid."""
    email = text.strip().lower()
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise Invalid("This is not a mail address.", field="email")
    return email


async def create_first(
    conn: Connection,
    hasher: Hasher,
    *,
    slug: str,
    company: str,
    email: str,
    name: str,
    password: str | None,
) -> tuple[UUID, UUID]:
    """The first admin, and their workspace where there is none of this slug; for the CLI.

    Returns the workspace and the account. Without a password they come by an invitation.
    Raises Invalid; Conflict when the workspace has an admin or the address an account.
    """
    email, name = checked_email(email), entries.name(name)
    hashed = None
    if password is not None:
        hashed = await hasher.hash(passwords.check(password, email=email))
    async with conn.transaction():
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
    return ws, made


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
                await agents.write(conn, ws, made, await _checked(conn, ws, agent))
            await audit.note(conn, ws, by, "account.create", made, {"role": role})
        return made

    async def change(
        self,
        ws: UUID,
        account_id: UUID,
        *,
        name: str | None = None,
        email: str | None = None,
        role: str | None = None,
        agent: Agent | None = None,
        retire: bool = False,
        by: UUID | None,
    ) -> None:
        """Change what is given. Another role ends the account's sessions.

        retire: they take no more contacts; what they had stays theirs. Raises NotFound, Invalid;
        Conflict for the last admin, or for an address that has an account.
        """
        name = None if name is None else entries.name(name)
        email = None if email is None else checked_email(email)
        pending: Pending | None = None
        async with self._pool.acquire() as conn, conn.transaction():
            before = await _locked(conn, ws, account_id)
            new_role = role or before["role"]
            if before["role"] == "admin" != new_role:
                await _keep_an_admin(conn, ws, account_id)
            if new_role == "agent" and (retire or (agent is None and not before["is_agent"])):
                raise Invalid("An agent needs a tier and languages.", field="agent")
            try:
                await conn.execute(
                    "update account set name = coalesce($2, name), email = coalesce($3, email),"
                    " role = $4 where id = $1",
                    account_id,
                    name,
                    email,
                    new_role,
                )
            except asyncpg.UniqueViolationError:
                raise Conflict("This mail address has an account already.", field="email") from None
            if new_role != before["role"]:
                await revoke_all(conn, account_id)
            if agent is not None:
                await agents.write(conn, ws, account_id, await _checked(conn, ws, agent))
                pending = await agent_changed(conn, ws, account_id)
            elif retire and before["is_agent"]:
                await agents.retire(conn, account_id)
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
                await agents.sign_out(conn, account_id, "disabled")
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


async def _checked(conn: Connection, ws: UUID, agent: Agent) -> Agent:
    return checked_agent(agent, await agents.country(conn, ws), await agents.rules(conn, ws))


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
