"""An expert who signs in on our own page is known in chat and video."""

from __future__ import annotations

import secrets

import pytest

from router.identity.hashing import Hasher

PIN = "839201"


@pytest.fixture
async def expert(house):
    person = await house.person("Erika Expert", network_size=120)
    hasher = Hasher()
    hashed = await hasher.hash(PIN)
    hasher.close()
    number = await house.pool.fetchval(
        "update expert set pin_hash = $2 where person_id = $1 returning number", person, hashed
    )
    return person, number


async def _sign_in(service, widget, number):
    """The answer, and the cookie that a browser would send from now on."""
    body = {"widget": widget, "expert_number": number, "pin": PIN}
    async with service.http.post("/api/guest", json=body) as response:
        cookie = response.cookies["secondline_guest"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        return await response.json(), {"Cookie": f"secondline_guest={cookie.value}"}


async def _open(service, widget, headers=None):
    body = {"widget": widget, "channel": "chat", "key": secrets.token_hex(16)}
    status, opened = await service.call("POST", "/api/contacts", json=body, headers=headers or {})
    assert status == 201, opened
    return opened["contact"]


async def _row(house, contact):
    return await house.pool.fetchrow(
        "select person_id, role, assurance from contact where id = $1::uuid", contact
    )


async def test_a_signed_in_expert_takes_the_expert_lane_and_is_the_same_person(
    service, house, expert
):
    person, number = expert
    widget = await service.widget()
    answer, headers = await _sign_in(service, widget, number)
    assert answer == {"name": "Erika Expert"}
    status, answer = await service.call("GET", f"/api/guest?widget={widget}", headers=headers)
    assert (status, answer) == (200, {"name": "Erika Expert"})
    row = await _row(house, await _open(service, widget, headers))
    assert (row["person_id"], row["role"], row["assurance"]) == (person, "expert", 3)
    async with service.http.delete("/api/guest", headers=headers) as response:
        assert response.cookies["secondline_guest"].value == ""
    row = await _row(house, await _open(service, widget))
    assert (row["role"], row["assurance"]) == ("customer", 0)


async def test_a_revoked_pin_ends_the_session_at_once(service, house, expert):
    person, number = expert
    widget = await service.widget()
    _, headers = await _sign_in(service, widget, number)
    await house.pool.execute("update expert set pin_hash = null where person_id = $1", person)
    status, _ = await service.call("GET", f"/api/guest?widget={widget}", headers=headers)
    assert status == 401
    row = await _row(house, await _open(service, widget, headers))
    assert row["role"] == "customer"


async def test_a_wrong_pin_is_refused_and_tries_are_limited(service, expert):
    _, number = expert
    widget = await service.widget()
    body = {"widget": widget, "expert_number": number, "pin": "111112"}
    answers = [await service.call("POST", "/api/guest", json=body) for _ in range(6)]
    assert answers[0][0] == 401
    assert answers[0][1]["error"]["field"] == "pin"
    assert answers[-1][0] == 429
    status, _ = await service.call("POST", "/api/guest", json=body | {"pin": PIN})
    assert status == 429, "the right PIN does not get through a lock"
