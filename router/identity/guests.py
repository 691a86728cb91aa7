"""Experts who signed in on our own pages with expert number and PIN. Pure but for the clock.

A session is a signed text in a cookie. It names a digest of the PIN's hash, so that a PIN which
is reset or revoked ends every session at once, without a list of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

LIFE = timedelta(hours=8)
_AUDIENCE = "secondline guest"


@dataclass(frozen=True)
class Guest:
    """Who signed in. mark: what of the PIN must still be so, see `mark_of`."""

    workspace_id: UUID
    expert_number: str
    mark: str


def mark_of(pin_hash: str) -> str:
    """A short digest of a PIN's hash; it changes with every PIN and tells nothing of it."""
    return hashlib.sha256(pin_hash.encode()).hexdigest()[:32]


def seal(guest: Guest, secret: str, *, now: datetime | None = None) -> str:
    """The cookie's text, good for 8 hours."""
    issued = now or datetime.now(UTC)
    claims = {
        "aud": _AUDIENCE,
        "sub": guest.expert_number,
        "ws": str(guest.workspace_id),
        "mark": guest.mark,
        "exp": int((issued + LIFE).timestamp()),
    }
    return jwt.encode(claims, secret, algorithm="HS256")


def unseal(text: str, secret: str) -> Guest | None:
    """Who a cookie speaks for; None when it is not ours, or over."""
    try:
        claims = jwt.decode(
            text,
            secret,
            algorithms=["HS256"],
            audience=_AUDIENCE,
            options={"require": ["sub", "exp", "aud", "ws", "mark"]},
        )
        return Guest(UUID(claims["ws"]), claims["sub"], claims["mark"])
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        return None
