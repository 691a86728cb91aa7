"""Signing in: who gets in, who is kept out, and who is put out at once."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from router.errors import Invalid
from router.identity import passwords
from router.identity.hashing import Hasher
from router.identity.sessions import allowed
from tests.house import House, until
from tests.web.service import Service

PASSWORD = "correct horse battery"


@pytest.fixture
async def sam(service: Service, hasher: Hasher) -> str:
    """The address of a supervisor with the password above."""
    account = await service.account("supervisor")
    return await service.house.pool.fetchval(
        "update account set password_hash = $2 where id = $1 returning email",
        account,
        await hasher.hash(PASSWORD),
    )


async def login(service: Service, email: str, password: str) -> tuple[int, str | None, Any]:
    """Status, the cookie as the browser keeps it, and the answer."""
    body = {"email": email, "password": password}
    async with service.http.post("/api/login", json=body) as response:
        answer = await response.json() if response.status >= 400 else None
        return response.status, response.headers.get("Set-Cookie"), answer


def cookie(header: str | None) -> dict[str, str]:
    assert header is not None
    return {"Cookie": header.partition(";")[0]}


async def test_a_right_password_opens_a_session_in_a_cookie_that_scripts_cannot_read(
    service: Service, sam: str
) -> None:
    status, header, _ = await login(service, f"  {sam.upper()} ", PASSWORD)
    assert status == 204
    assert header is not None
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"} <= set(header.split("; "))
    status, me = await service.call("GET", "/api/me", headers=cookie(header))
    assert (status, me["role"], me["agent"]) == (200, "supervisor", None)
    stored = await service.house.pool.fetchval("select token_hash from session")
    assert stored not in header.encode()


@pytest.mark.parametrize("what", ["password", "address", "disabled", "invited"])
async def test_whatever_is_wrong_the_answer_is_the_same(
    service: Service, sam: str, what: str
) -> None:
    email, password = sam, PASSWORD
    if what == "password":
        password = "correct horse batterY"
    elif what == "address":
        email = "nobody@example.com"
    elif what == "disabled":
        await service.house.pool.execute("update account set disabled_at = now()")
    else:
        await service.house.pool.execute("update account set password_hash = null")
    status, header, answer = await login(service, email, password)
    assert (status, header) == (401, None)
    assert answer["error"] == {
        "code": "unauthenticated",
        "message": "The mail address or the password is wrong.",
    }


async def test_an_unknown_address_is_verified_and_locked_like_a_known_one(
    service: Service, sam: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []
    verify = Hasher.verify

    async def counted(self: Hasher, stored: str | None, secret: str) -> bool:
        verified.append(stored is None)
        return await verify(self, stored, secret)

    monkeypatch.setattr(Hasher, "verify", counted)
    for email in (sam, "nobody@example.com"):
        statuses = [(await login(service, email, f"wrong {n}"))[0] for n in range(6)]
        assert statuses == [401] * 5 + [429]
    assert verified == [False] * 5 + [True] * 5
    status, _, answer = await login(service, sam, PASSWORD)
    assert (status, answer["error"]["code"]) == (429, "too_many")
    await service.house.pool.execute("update throttle set locked_until = now()")
    assert (await login(service, sam, PASSWORD))[0] == 204


async def test_fifty_guesses_at_once_get_five_tries(service: Service, sam: str) -> None:
    answers = await asyncio.gather(*[login(service, sam, f"wrong {n}") for n in range(50)])
    assert sorted(status for status, *_ in answers) == [401] * 5 + [429] * 45


BODIES = [
    ("{", 400, None),
    ("[]", 422, None),
    ('{"email": "a@b.c"}', 422, "password"),
    ('{"email": 1, "password": "x"}', 422, "email"),
    ('{"email": "a\\u0000@b.c", "password": "x"}', 422, "email"),
    ('{"email": "a@b.c", "password": "x", "otp": 1}', 422, "otp"),
    ('{"email": "%s", "password": "x"}' % ("x" * 2000), 422, "email"),
    ('{"email": "a@b.c", "password": "%s"}' % ("x" * 2000), 422, "password"),
    ('{"email": "\\ud800", "password": "x"}', 400, None),
]


async def test_a_body_that_is_none_is_told_so(service: Service) -> None:
    for body, status, field in BODIES:
        got, answer = await service.call("POST", "/api/login", data=body)
        assert (got, answer["error"].get("field")) == (status, field), body


async def test_signing_out_ends_the_session_and_its_sockets(service: Service, sam: str) -> None:
    _, header, _ = await login(service, sam, PASSWORD)
    account = await service.house.pool.fetchval("select id from account where email = $1", sam)
    service._cookies[account] = cookie(header)["Cookie"].partition("=")[2]
    floor = await service.peer("/ws/floor", by=account)
    await floor.until("snapshot")
    status, _ = await service.call("POST", "/api/logout", headers=cookie(header))
    assert status == 204
    assert await floor.closed() == 4401
    assert (await service.call("GET", "/api/me", headers=cookie(header)))[0] == 401
    assert (await service.call("POST", "/api/logout", headers=cookie(header)))[0] == 204
    assert (await service.call("POST", "/api/logout"))[0] == 204


async def test_a_session_ends_after_its_time(service: Service, sam: str) -> None:
    _, header, _ = await login(service, sam, PASSWORD)
    await service.house.pool.execute("update session set expires_at = now()")
    assert (await service.call("GET", "/api/me", headers=cookie(header)))[0] == 401


COOKIES = ["", "x", "x" * 5000, "\u00e4", "%00", "secondline_session=", '"', "a=b; c"]


async def test_a_cookie_that_is_none_is_nobody(service: Service) -> None:
    for value in COOKIES:
        status, _ = await service.call(
            "GET", "/api/me", headers={"Cookie": f"secondline_session={value}"}
        )
        assert status == 401


async def test_a_foreign_page_cannot_sign_anybody_in_or_out(service: Service, sam: str) -> None:
    for path in ("/api/login", "/api/logout"):
        status, answer = await service.call(
            "POST",
            path,
            json={"email": sam, "password": PASSWORD},
            headers={"Origin": "https://evil.example"},
        )
        assert (status, answer["error"]["code"]) == (403, "forbidden")


async def test_a_leaver_is_out_at_once_with_open_sockets_and_offline(
    service: Service, house: House, admin: UUID
) -> None:
    ana = await house.agent("Ana")
    desk = await service.desk(ana)
    status, left = await service.call("POST", f"/api/accounts/{ana}/disable", by=admin)
    assert (status, left["state"]) == (200, "disabled")
    assert await desk.closed(2) == 4401
    assert (await service.call("GET", "/api/me", by=ana))[0] == 401
    assert await house.pool.fetchval("select presence from agent where id = $1", ana) == "offline"

    async def gone() -> bool:
        return (await house.live_agent(ana)).get("st") in (None, "offline")

    await until(gone, "the live store has them offline")
    contact = await house.arrive()
    assert await house.offer(ana) is None
    assert contact.state == "waiting"
    actions = await house.pool.fetch("select account_id, action, subject from audit")
    assert (admin, "account.disable", str(ana)) in [tuple(row) for row in actions]


async def test_who_signs_in_while_being_disabled_is_out_all_the_same(
    service: Service, house: House, sam: str, admin: UUID
) -> None:
    account = await house.pool.fetchval("select id from account where email = $1", sam)
    logins = [login(service, sam, PASSWORD) for _ in range(4)]
    *opened, _ = await asyncio.gather(
        *logins, service.call("POST", f"/api/accounts/{account}/disable", by=admin)
    )
    for status, header, _ in opened:
        if status == 204:
            assert (await service.call("GET", "/api/me", headers=cookie(header)))[0] == 401
    valid = await house.pool.fetchval(
        "select count(*) from session where account_id = $1 and revoked_at is null", account
    )
    assert valid == 0


async def test_another_role_ends_sessions(service: Service, admin: UUID) -> None:
    other = await service.account("supervisor")
    floor = await service.peer("/ws/floor", by=other)
    await floor.until("snapshot")
    status, changed = await service.call(
        "PATCH", f"/api/accounts/{other}", json={"role": "admin"}, by=admin
    )
    assert (status, changed["role"]) == (200, "admin")
    assert await floor.closed(2) == 4401
    assert (await service.call("GET", "/api/me", by=other))[0] == 401


@pytest.mark.parametrize(
    ("role", "tier", "wanted", "answer"),
    [
        ("agent", 1, (), True),
        ("agent", 1, ("agent",), True),
        ("agent", 1, ("supervisor",), False),
        ("agent", 1, ("admin",), False),
        ("supervisor", None, ("agent",), False),
        ("supervisor", 2, ("agent",), True),
        ("supervisor", None, ("supervisor",), True),
        ("supervisor", 2, ("admin",), False),
        ("admin", None, ("supervisor",), True),
        ("admin", None, ("admin",), True),
        ("admin", None, ("agent",), False),
    ],
)
def test_who_may_do_what(
    role: str, tier: int | None, wanted: tuple[str, ...], answer: bool
) -> None:
    assert allowed(role, tier, wanted) is answer


@pytest.mark.parametrize(
    "bad",
    ["", "short", "a" * 9, "a" * 40, "1234567890", "ababababab", "ana.kovac123", "x" * 300],
)
def test_a_password_that_will_not_do_is_told_why(bad: str) -> None:
    with pytest.raises(Invalid) as caught:
        passwords.check(bad, email="ana.kovac@example.com")
    assert caught.value.field == "password"


def test_a_password_is_the_same_however_its_characters_are_composed() -> None:
    composed, apart = "grün über alles", "gru\u0308n u\u0308ber alles"
    assert composed != apart
    assert passwords.check(composed, email="a@b.c") == passwords.form(apart)
