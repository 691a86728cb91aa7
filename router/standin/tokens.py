"""A softphone's access token, checked as Twilio's gateway does.

https://www.twilio.com/docs/iam/access-tokens
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt

from router.standin.config import Config
from router.standin.facts import Refused

LONGEST_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class Token:
    """expires: seconds since 1970, the world's. incoming: whether the browser may be rung."""

    identity: str
    expires: int
    outgoing: bool
    incoming: bool


def read(token: str, config: Config) -> Token:
    """Raises Refused: 20101, 20103, 20104 or 31204."""
    try:
        header = jwt.get_unverified_header(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            config.api_key_secret,
            algorithms=["HS256"],
            options={"require": ["exp", "iss", "sub"], "verify_iat": False},
        )
    except jwt.ExpiredSignatureError as error:
        raise Refused(20104) from error
    except jwt.PyJWTError as error:
        raise Refused(20101, str(error)) from error
    if header.get("cty") != "twilio-fpa;v=1":
        raise Refused(20101, "its cty is not twilio-fpa;v=1")
    if claims["iss"] != config.api_key_sid or claims["sub"] != config.account_sid:
        raise Refused(20103)
    began = claims.get("nbf", claims.get("iat"))
    if isinstance(began, int) and claims["exp"] - began > LONGEST_SECONDS:
        raise Refused(20104, "longer than 24 hours")
    grants = claims.get("grants") or {}
    identity, voice = grants.get("identity"), grants.get("voice")
    if not identity or not isinstance(voice, dict):
        raise Refused(31204)
    app = (voice.get("outgoing") or {}).get("application_sid")
    if app is not None and app != config.app_sid:
        raise Refused(31204, f"no such application: {app}")
    incoming = bool((voice.get("incoming") or {}).get("allow"))
    return Token(str(identity), int(claims["exp"]), app is not None, incoming)
