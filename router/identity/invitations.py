"""Links by which staff choose their password: for the first time, or again. Used once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import asyncpg

from router.errors import Conflict, NotFound, Unauthenticated
from router.identity import audit, passwords, throttle
from router.identity.hashing import Hasher
from router.identity.sessions import Sessions, hash_of, login_subject, revoke_all, token
from router.store.truth import Connection

LIVES = {"invite": timedelta(days=7), "reset": timedelta(hours=1)}


async def issue(
    conn: Connection, ws: UUID, account_id: UUID, purpose: str, *, by: UUID | None
) -> str:
    """The secret of a new link, inside the caller's transaction; former ones no longer work."""
    made = token()
    await conn.execute(
        "update invitation set used_at = now() where account_id = $1 and used_at is null",
        account_id,
    )
    await conn.execute(
        "insert into invitation (token_hash, workspace_id, account_id, purpose,"
        " expires_at) values ($1, $2, $3, $4, now() + $5::interval)",
        hash_of(made),
        ws,
        account_id,
        purpose,
        LIVES[purpose],
    )
    await audit.note(conn, ws, by, f"account.{purpose}", account_id)
    return made


class Invitations:
    """Makes links and takes the passwords that come by them."""

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], hasher: Hasher, sessions: Sessions
    ) -> None:
        self._pool = pool
        self._hasher = hasher
        self._sessions = sessions

    async def make(self, ws: UUID, account_id: UUID, purpose: str, *, by: UUID | None) -> str:
        """The secret of a new link; former ones of the account no longer work.

        purpose: "invite", for 7 days, or "reset", for one hour: the password stays until then.
        Raises NotFound; Conflict for an account that is disabled.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            row = await conn.fetchrow(
                "select disabled_at from account where workspace_id = $1 and id = $2 for update",
                ws,
                account_id,
            )
            if row is None:
                raise NotFound("There is no such account.")
            if row["disabled_at"] is not None:
                raise Conflict("This account is disabled.", state="disabled")
            return await issue(conn, ws, account_id, purpose, by=by)

    async def accept(self, secret: str, password: str) -> None:
        """Set the password; the link is used up, and sessions under the former one end.

        Raises Unauthenticated for a link that is none, used or too old; Invalid for a password
        that will not do, and the link still works.
        """
        row = await self._pool.fetchrow(
            "select a.id, a.email, a.workspace_id from invitation i"
            " join account a on a.id = i.account_id"
            " where i.token_hash = $1 and i.used_at is null and i.expires_at > now()"
            " and a.disabled_at is null",
            hash_of(secret),
        )
        if row is None:
            raise _spent()
        hashed = await self._hasher.hash(passwords.check(password, email=row["email"]))
        async with self._pool.acquire() as conn, conn.transaction():
            # the account's row first, as everywhere else
            await conn.execute(
                "update account set password_hash = $2 where id = $1 and disabled_at is null",
                row["id"],
                hashed,
            )
            # two clicks at once: the second one finds it used, and its password is undone
            if not await conn.fetchval(
                "update invitation set used_at = now() where token_hash = $1 and used_at is null"
                " and expires_at > now() returning true",
                hash_of(secret),
            ):
                raise _spent()
            await revoke_all(conn, row["id"])
            await throttle.clear(conn, login_subject(row["email"]))
            await audit.note(conn, row["workspace_id"], row["id"], "account.password", row["id"])
        await self._sessions.tell(row["workspace_id"], row["id"])


def _spent() -> Unauthenticated:
    return Unauthenticated("This link has been used already, or is too old.")
