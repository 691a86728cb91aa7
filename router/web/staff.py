"""What the sockets of signed-in staff share: they end with the session, even if nobody tells."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import asyncpg

from router.web.socket import SIGNED_OUT, TRY_AGAIN, Socket
from router.web.viewers import Viewer

CHECK_SECONDS = 15.0

_VALID = """
select exists (
  select from session s join account a on a.id = s.account_id
  where s.token_hash = $1 and s.account_id = $2 and s.revoked_at is null
    and s.expires_at > now() and a.disabled_at is null)
"""

_STAND = """
select s.token_hash from session s join account a on a.id = s.account_id
where s.token_hash = any($1) and s.revoked_at is null and s.expires_at > now()
  and a.disabled_at is null
"""


async def signed_in(pool: asyncpg.Pool[asyncpg.Record], viewers: Iterable[Viewer]) -> set[bytes]:
    """Of the sessions of these, those that still stand."""
    rows = await pool.fetch(_STAND, [viewer.session for viewer in viewers])
    return {row["token_hash"] for row in rows}


async def keep_watch(pool: asyncpg.Pool[asyncpg.Record], viewer: Viewer, socket: Socket) -> None:
    """Close the socket when the session is over: a lost event must not keep it open."""
    while True:
        if not await pool.fetchval(_VALID, viewer.session, viewer.account_id):
            # ends here for good: the first reason to close is the one that is told
            socket.close(SIGNED_OUT, "signed out")
        await asyncio.sleep(CHECK_SECONDS)


async def session_changed(
    pool: asyncpg.Pool[asyncpg.Record], viewer: Viewer, socket: Socket
) -> None:
    """After a `session` event of this account: out, or in again with what the role is now."""
    valid = await pool.fetchval(_VALID, viewer.session, viewer.account_id)
    socket.close(*((TRY_AGAIN, "start again") if valid else (SIGNED_OUT, "signed out")))
