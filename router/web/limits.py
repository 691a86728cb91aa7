"""How often one address may do what needs no proof, counted in the live store."""

from __future__ import annotations

import hashlib
from uuid import UUID

import structlog
from aiohttp import hdrs, web
from redis.exceptions import RedisError

from router.errors import TooMany
from router.queues.keys import rate_key
from router.web.keys import LIVE, SETTINGS

log = structlog.get_logger()

WINDOW_SECONDS = 60


def remote(request: web.Request) -> str:
    """The client's address: the peer's, or what the one trusted proxy says that its peer was.

    Only the last name in X-Forwarded-For is the proxy's; those before are the client's claims.
    """
    if request.app[SETTINGS].trust_proxy:
        forwarded = ",".join(request.headers.getall(hdrs.X_FORWARDED_FOR, ()))
        if last := forwarded.rpartition(",")[2].strip():
            return last
    return request.remote or "unknown"


async def count(request: web.Request, workspace_id: UUID, name: str, most: int) -> None:
    """Count one more of this by this address. Raises TooMany beyond `most` a minute.

    A live store that is away counts nothing: a contact is taken without it as well.
    """
    # hashed: an address is a person's, and of any length where a proxy names it
    who = hashlib.blake2b(remote(request).encode(), digest_size=9).hexdigest()
    key = rate_key(workspace_id, name, who)
    try:
        # a counter that lost its end in between is given one by the next count
        counted, _ = await request.app[LIVE].calls(
            [("INCR", key), ("EXPIRE", key, WINDOW_SECONDS, "NX")]
        )
    except (RedisError, OSError) as error:
        log.warning("limits.uncounted", name=name, error=str(error))
        return
    if int(counted) > most:
        raise TooMany("There were too many requests from here. Please try again in a minute.")
