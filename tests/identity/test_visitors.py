"""A host site vouches for its visitor by a token; anything else about it is refused."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import Unauthenticated
from router.identity.visitors import Visitor, make_token, read_token

SECRET = "5f" * 32
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def signed(algorithm: str = "HS256", secret: str = SECRET, **changes: Any) -> str:
    stamp = int(NOW.timestamp())
    claims = {"aud": "secondline", "sub": "u1", "iat": stamp, "exp": stamp + 3600, **changes}
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, secret, algorithm)


def test_a_good_token_names_the_visitor() -> None:
    token = make_token(SECRET, "u1", name=" Ana ", expert_number="4711", now=NOW)
    assert read_token(token, SECRET, now=NOW) == Visitor("u1", "Ana", "4711")


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (signed(secret="00" * 32), "not signed"),
        (signed(algorithm="HS512"), "not signed"),
        (signed(aud="elsewhere"), "not for this service"),
        (signed(aud=None), "lacks aud"),
        (signed(exp=None), "lacks exp"),
        (signed(iat=None), "lacks iat"),
        (signed(sub=None), "lacks sub"),
        (signed(sub=""), "no usable sub"),
        (signed(sub=" "), "no usable sub"),
        (signed(sub=17), "no usable sub"),
        (signed(aud=["secondline"], sub=["u1"]), "no usable sub"),
        (signed(aud={"secondline": 1}), "not for this service"),
        (jwt.PyJWS().encode(b"[1]", SECRET, "HS256"), "not signed"),
        (signed(sub="a\0b"), "not text"),
        (signed(sub="x" * 201), "no usable sub"),
        (signed(name=["a"]), "no usable name"),
        (signed(name="\ud800"), "not text"),
        (signed(expert_number="12"), "expert_number"),
        (signed(expert_number=4711), "expert_number"),
        (signed(expert_number="٤٧١١"), "expert_number"),
        (signed(exp=int(NOW.timestamp()) - 31), "expired"),
        (signed(exp="tomorrow"), "no number"),
        (signed(exp=True), "no number"),
        (signed(exp=float("nan")), "no time"),
        (signed(exp=float("inf")), "no time"),
        (signed(exp=10**400), "no time"),
        (signed(iat=int(NOW.timestamp()) + 31), "not valid yet"),
        (signed(nbf=int(NOW.timestamp()) + 31), "not valid yet"),
        (signed(exp=int(NOW.timestamp()) + 86_401), "longer than 24 hours"),
        ("", "not signed"),
        ("a.b.c", "not signed"),
        ("x" * 5000, "too long"),
        ("\ud800", "not signed"),
    ],
)
def test_a_bad_token_is_refused_with_the_reason(token: str, why: str) -> None:
    with pytest.raises(Unauthenticated, match=why) as caught:
        read_token(token, SECRET, now=NOW)
    assert caught.value.field == "token"


def test_an_unsigned_token_is_refused_whatever_it_claims() -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    stamp = int(NOW.timestamp())
    claims = {"aud": "secondline", "sub": "u1", "iat": stamp, "exp": stamp + 60}
    for algorithm in ("none", "None", "HS256"):
        with pytest.raises(Unauthenticated):
            read_token(f"{part({'alg': algorithm})}.{part(claims)}.", SECRET, now=NOW)


def test_a_token_lives_until_its_end_and_a_clocks_error_longer() -> None:
    token = make_token(SECRET, "u1", life=timedelta(hours=1), now=NOW)
    assert read_token(token, SECRET, now=NOW + timedelta(minutes=60, seconds=29))
    with pytest.raises(Unauthenticated, match="expired"):
        read_token(token, SECRET, now=NOW + timedelta(minutes=60, seconds=31))


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(0, 255))
def test_a_changed_token_is_refused(place: int, byte: int) -> None:
    token = make_token(SECRET, "u1", name="Ana", now=NOW)
    place %= len(token)
    changed = token[:place] + chr(byte) + token[place + 1 :]
    # the last character of a part has bits that mean nothing
    if changed == token or place in (token.index("."), len(token) - 1):
        return
    with pytest.raises(Unauthenticated):
        read_token(changed, SECRET, now=NOW)
