"""Video between two browsers: who may ask for it, and what servers they meet through."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from typing import Literal

from router.errors import Conflict, Forbidden

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
