"""Video between two browsers: who may ask for it, and what servers they meet through."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import asyncpg

from router.channels.conversation import Conversations
from router.errors import Conflict, Forbidden, NotFound

VideoState = Literal["asked", "on", "off"]

CREDENTIAL_SECONDS = 3600
"""How long a TURN credential lasts: as long as a call may need to find its path anew."""


def next_state(now: VideoState | None, wanted: VideoState, by: str) -> VideoState | None:
    """The state after a request; None: it is so already.

    The person asks, the agent says on or off; either ends it. An agent's `on` without being
    asked is an invitation. Raises Forbidden for the other's word, Conflict for asking twice
    over.
    """
    if wanted == "on" and by != "agent":
        raise Forbidden("Only the agent can turn video on; ask for it.")
    if wanted == "asked" and by != "person":
        raise Forbidden("Only the person can ask for video; turn it on.")
    if wanted == "asked" and now == "on":
        raise Conflict("Video is on already.", state="on")
    current = now or "off"
    return None if wanted == current else wanted


def ice_servers(
    stun: Sequence[str], turn: Sequence[str], secret: str | None, *, subject: str, now: float
) -> list[dict[str, object]]:
    """What RTCPeerConnection takes as its iceServers.

    The credential is coturn's `use-auth-secret` (draft-uberti-behave-turn-rest-00): the name is
    the time of expiry and a subject, the password its HMAC-SHA1 under the shared secret.

    stun, turn: addresses such as "stun:stun.example:3478". subject: who it is for, for the TURN
    server's log; nobody's name. now: seconds since 1970.
    """
    servers: list[dict[str, object]] = []
    if stun:
        servers.append({"urls": list(stun)})
    if turn and secret:
        username = f"{int(now) + CREDENTIAL_SECONDS}:{subject}"
        digest = hmac.digest(secret.encode(), username.encode(), "sha1")
        servers.append(
            {
                "urls": list(turn),
                "username": username,
                "credential": base64.b64encode(digest).decode(),
            }
        )
    return servers


class Videos:
    """Writes what becomes of the picture into the timeline."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], conversations: Conversations) -> None:
        self._pool = pool
        self._conversations = conversations

    async def change(
        self,
        workspace_id: UUID,
        contact_id: UUID,
        wanted: VideoState,
        *,
        by: Literal["person", "agent"],
        by_id: UUID | None,
    ) -> None:
        """Ask for, turn on or end video; so already: nothing happens.

        Raises NotFound, Conflict when nobody is in conversation, and as `next_state` does.
        """
        entry = None
        async with self._pool.acquire() as connection, connection.transaction():
            contact = await connection.fetchrow(
                "select state, channel from contact where workspace_id = $1 and id = $2 for update",
                workspace_id,
                contact_id,
            )
            if contact is None:
                raise NotFound("There is no such contact.")
            if contact["state"] != "handling" or contact["channel"] == "voice":
                raise Conflict(
                    "Video needs a conversation on a page with an agent.", state=contact["state"]
                )
            now = await connection.fetchval(_STATE_NOW, contact_id)
            if now is None and contact["channel"] == "video":
                now = "on"
            following = next_state(now, wanted, by)
            if following is not None:
                entry = await self._conversations.note(
                    connection,
                    workspace_id,
                    contact_id,
                    "video",
                    {"state": following},
                    author=by,
                    author_id=by_id,
                )
        if entry is not None:
            await self._conversations.announce(workspace_id, contact_id, entry.seq)


# with another agent it starts anew
_STATE_NOW = """
select e.data->>'state' from contact_event e
where e.contact_id = $1 and e.kind = 'video'
  and e.at >= (select max(accepted_at) from handling where contact_id = $1)
order by e.seq desc limit 1
"""
