"""Signed-in staff. A session is a random token in a cookie; only its hash is stored."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg

from router.errors import Forbidden, Unauthenticated
from router.identity import passwords, throttle
from router.identity.hashing import Hasher
from router.store.hub import Hub
from router.store.truth import Connection

LIFE = timedelta(hours=12)


@dataclass(frozen=True)
class Viewer:
    """Who is signed in.

    role: agent, supervisor or admin. tier: as an agent; None: takes no contacts.
    session: the hash of the session's token.
    """

    account_id: UUID
    workspace_id: UUID
    role: str
    name: str
    tier: int | None
    session: bytes


def allowed(role: str, tier: int | None, wanted: tuple[str, ...]) -> bool:
    """Whether a viewer of this role and tier is one of those wanted. Pure.

    Admins are supervisors too. Whoever takes contacts is an agent, supervisors included;
    nobody wanted: all staff.
    """
    return (
        not wanted
        or role in wanted
        or (role == "admin" and "supervisor" in wanted)
        or (tier is not None and "agent" in wanted)
    )


def token() -> str:
    """A fresh secret of 256 bits, for a cookie or a link."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> bytes:
    """What is stored of a token. It is random, so that a plain hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


_VIEWER = """
select a.id, a.workspace_id, a.role, a.name, g.tier
from session s join account a on a.id = s.account_id left join agent g on g.id = a.id
where s.token_hash = $1 and s.revoked_at is null and s.expires_at > now()
  and a.disabled_at is null
"""


# an agent in the sense of `allowed`
AGENT = f"""
select v.workspace_id, v.id as agent_id from ({_VIEWER}) v
where v.role = 'agent' or v.tier is not null
"""
"""The agent who holds a session, by its hash: for statements that ask who it is as they do it."""


class Sessions:
    """Opens, reads and ends sessions."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], hasher: Hasher, hub: Hub) -> None:
        self._pool = pool
        self._hasher = hasher
        self._hub = hub

    async def login(self, email: str, password: str) -> str:
        """A session's token, for 12 hours.

        An unknown address, a wrong password and a disabled account take the same time, count the
        same and get the same answer. Raises Unauthenticated, TooMany.
        """
        email = email.strip().lower()[:254]
        subject = login_subject(email)
        async with self._pool.acquire() as conn:
            await throttle.count(conn, subject)
            row = await conn.fetchrow(
                "select id, workspace_id, password_hash from account"
                " where email = $1 and disabled_at is null",
                email,
            )
        stored = row["password_hash"] if row else None
        right = await self._hasher.verify(stored, passwords.form(password))
        if row is not None and right:
            async with self._pool.acquire() as conn, conn.transaction():
                opened = await _open(conn, row["workspace_id"], row["id"], stored)
                if opened is not None:
                    await throttle.clear(conn, subject)
                    return opened
        raise Unauthenticated("The mail address or the password is wrong.")

    async def viewer(self, presented: str | None, *roles: str) -> Viewer:
        """Who holds this token. Raises Unauthenticated; Forbidden when it is none of the roles."""
        row = presented and await self._pool.fetchrow(_VIEWER, hash_of(presented))
        if not presented or not row:
            raise Unauthenticated("Please sign in.")
        if not allowed(row["role"], row["tier"], roles):
            raise Forbidden(f"This is for {' or '.join(roles)} alone.")
        return Viewer(
            row["id"],
            row["workspace_id"],
            row["role"],
            row["name"],
            row["tier"],
            hash_of(presented),
        )

    async def end(self, viewer: Viewer) -> None:
        """Sign out this session; its sockets close."""
        await self._pool.execute(
            "update session set revoked_at = now() where token_hash = $1 and revoked_at is null",
            viewer.session,
        )
        await self.tell(viewer.workspace_id, viewer.account_id)

    async def tell(self, workspace_id: UUID, account_id: UUID) -> None:
        """After the commit: sockets of this account look whether their session still stands."""
        await self._hub.publish(workspace_id, {"t": "session", "account": str(account_id)})


async def revoke_all(conn: Connection, account_id: UUID) -> None:
    """End all sessions of an account, in the caller's transaction; `Sessions.tell` comes after."""
    await conn.execute(
        "update session set revoked_at = now() where account_id = $1 and revoked_at is null",
        account_id,
    )


async def forget_old(conn: Connection) -> None:
    """Drop sessions and links that ended a month ago; called now and then."""
    await conn.execute("delete from session where expires_at < now() - interval '30 days'")
    await conn.execute("delete from invitation where expires_at < now() - interval '30 days'")


def login_subject(email: str) -> str:
    """What guesses at this address's password are counted by."""
    return f"login:{email}"


async def _open(conn: Connection, ws: UUID, account_id: UUID, stored: str | None) -> str | None:
    # the row stays as it is until we commit: who disables the account meanwhile waits for us
    # and then finds the session, or was before us and we find the account disabled
    if not await conn.fetchval(
        "select true from account"
        " where id = $1 and disabled_at is null and password_hash = $2 for share",
        account_id,
        stored,
    ):
        return None
    opened = token()
    await conn.execute(
        "insert into session (token_hash, workspace_id, account_id, expires_at)"
        " values ($1, $2, $3, now() + $4::interval)",
        hash_of(opened),
        ws,
        account_id,
        LIFE,
    )
    return opened
