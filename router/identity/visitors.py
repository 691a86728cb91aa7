"""Visitors of a host site, vouched for by a token that the site signed. Pure but for the clock."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from router.errors import Unauthenticated

AUDIENCE = "secondline"
LONGEST_LIFE = timedelta(hours=24)
# clocks of two well-kept hosts differ by less
LEEWAY = timedelta(seconds=30)
TOKEN_LIMIT = 4096

# half a character (a lone surrogate) cannot be stored either
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# the signature alone: the claims are ours to check, their times on the clock that is passed in
_JWS = jwt.PyJWS(algorithms=["HS256"])
_REQUIRED = ("sub", "iat", "exp", "aud")
_EXPERT_NUMBER = re.compile(r"^[0-9]{4,12}$", re.ASCII)


@dataclass(frozen=True)
class Visitor:
    """Who the host site says this is.

    subject: the site's own name for the account, stable. expert_number: where it is an expert's.
    attributes: the workspace's own, for filters, not checked yet. priority: 0 to 9, None: not said.
    """

    subject: str
    name: str | None = None
    expert_number: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    priority: int | None = None


def read_token(token: str, secret: str, *, now: datetime | None = None) -> Visitor:
    """The visitor that a host site's token vouches for.

    HS256 with the workspace's secret. Claims: `sub`, `iat`, `exp` (at most 24 h after `iat`),
    `aud` "secondline"; optional `name`, `expert_number`, `attributes` (an object), `priority`
    (0 to 9). Raises Unauthenticated saying why.
    """
    if len(token) > TOKEN_LIMIT:
        raise _refused("is too long")
    try:
        claims = _claims(_JWS.decode(token, secret, algorithms=["HS256"]))
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise _refused("is not signed by the host site") from None
    for claim in _REQUIRED:
        if claims.get(claim) is None:
            raise _refused(f"lacks {claim}")
    audience = claims["aud"]
    if audience != AUDIENCE and not (isinstance(audience, list) and AUDIENCE in audience):
        raise _refused("is not for this service (aud)")
    _check_times(claims, (now or datetime.now(UTC)).timestamp())
    number = claims.get("expert_number")
    if number is not None and not (isinstance(number, str) and _EXPERT_NUMBER.match(number)):
        raise _refused("has an expert_number that is none")
    attributes, priority = claims.get("attributes") or {}, claims.get("priority")
    if not isinstance(attributes, dict):
        raise _refused("has attributes that are no object")
    # bool is an int to Python
    if priority is not None and (type(priority) is not int or not 0 <= priority <= 9):
        raise _refused("has a priority that is not 0 to 9")
    return Visitor(
        _text(claims, "sub", 200) or "", _text(claims, "name", 200), number, attributes, priority
    )


def unproven_subject(token: str) -> str | None:
    """Whom a token speaks of, its signature not looked at: to look up and nothing else."""
    if len(token) > TOKEN_LIMIT:
        return None
    try:
        payload = token.split(".")[1]
        subject = _claims(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))).get("sub")
    except (ValueError, IndexError, RecursionError):
        return None
    if not isinstance(subject, str) or _CONTROL.search(subject):
        return None
    return subject.strip()


def make_token(
    secret: str,
    subject: str,
    *,
    name: str | None = None,
    expert_number: str | None = None,
    attributes: dict[str, Any] | None = None,
    priority: int | None = None,
    life: timedelta = timedelta(hours=1),
    now: datetime | None = None,
) -> str:
    """A token as a host site signs it: for the demo's host site, for tests and as an example."""
    issued = now or datetime.now(UTC)
    claims: dict[str, Any] = {
        "aud": AUDIENCE,
        "sub": subject,
        "iat": int(issued.timestamp()),
        "exp": int((issued + life).timestamp()),
    }
    if name is not None:
        claims["name"] = name
    if expert_number is not None:
        claims["expert_number"] = expert_number
    if attributes is not None:
        claims["attributes"] = attributes
    if priority is not None:
        claims["priority"] = priority
    return jwt.encode(claims, secret, algorithm="HS256")


def _claims(payload: bytes) -> dict[str, Any]:
    claims = json.loads(payload)
    if not isinstance(claims, dict):
        raise ValueError("claims are an object")
    return claims


def _check_times(claims: dict[str, Any], now: float) -> None:
    times = {}
    for claim in ("iat", "exp", "nbf"):
        value = claims.get(claim)
        if value is None and claim == "nbf":
            continue
        # bool is an int to Python
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _refused(f"has no number in {claim}")
        # NaN would pass every comparison below
        if not 0 <= value < 2**40:
            raise _refused(f"has no time in {claim}")
        times[claim] = value
    leeway = LEEWAY.total_seconds()
    if times["exp"] <= now - leeway:
        raise _refused("has expired")
    if times["iat"] > now + leeway or times.get("nbf", 0) > now + leeway:
        raise _refused("is not valid yet")
    if times["exp"] - times["iat"] > LONGEST_LIFE.total_seconds():
        raise _refused("lives longer than 24 hours")


def _text(claims: dict[str, Any], claim: str, longest: int) -> str | None:
    value = claims.get(claim)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise _refused(f"has no usable {claim}")
    if _CONTROL.search(value):
        raise _refused(f"has a character in {claim} that is not text")
    return value.strip()


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated(f"The visitor's token {why}.", field="token")
