"""Staff and agents: made, invited, changed, and never without an admin."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest

from tests.house import House, until
from tests.web.service import Service

PASSWORD = "correct horse battery"
ANA = {
    "email": "Ana@Example.com",
    "name": " Ana ",
    "role": "agent",
    "agent": {
        "tier": 2,
        "languages": ["de", "en"],
        "skills": ["router"],
        "capacity": {"voice": 1, "chat": 4, "video": 0},
        "reach": "phone",
        "reach_address": "030 123456",
        "levels": {"router": 4, "de": 10},
        "qualifications": ["ISO 27001"],
        "tags": ["mentor"],
        "location": {"country": "de", "city": "Köln"},
        "attributes": {"author_value": 7.5},
    },
}


@pytest.fixture(autouse=True)
async def declared(house: House) -> None:
    await house.pool.execute(
        "update workspace set policy = policy || $2 where id = $1",
        house.workspace,
        {"attributes": {"agent": {"author_value": "number"}}},
    )


def secret(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


async def accept(service: Service, token: str, password: str = PASSWORD) -> tuple[int, Any]:
    return await service.call(
        "POST", "/api/invitations/accept", json={"token": token, "password": password}
    )


async def sign_in(service: Service, email: str, password: str = PASSWORD) -> int:
    body = {"email": email, "password": password}
    return (await service.call("POST", "/api/login", json=body))[0]


async def test_an_agent_is_made_invited_and_signs_in(service: Service, admin: UUID) -> None:
    status, made = await service.call("POST", "/api/accounts", json=ANA, by=admin)
    assert status == 201
    assert made["account"] | {"id": None} == {
        "id": None,
        "email": "ana@example.com",
        "name": "Ana",
        "role": "agent",
        "state": "invited",
        "agent": {
            **ANA["agent"],
            "reach_address": "+4930123456",
            "levels": {"de": 10, "router": 4},
            "location": {"country": "DE", "city": "Köln"},
        },
    }
    assert made["link"].startswith(f"{service.url}/login?token=")
    token = secret(made["link"])
    status, answer = await accept(service, token, "short")
    assert (status, answer["error"]["field"]) == (422, "password")
    assert (await accept(service, token))[0] == 204
    assert (await accept(service, token))[0] == 401
    assert await sign_in(service, "ana@example.com") == 204
    _, listed = await service.call("GET", "/api/accounts?search=ana@", by=admin)
    assert [(row["name"], row["state"]) for row in listed["accounts"]] == [("Ana", "active")]
    assert listed["total"] == 1


async def test_two_clicks_at_once_set_one_password(service: Service, admin: UUID) -> None:
    _, made = await service.call("POST", "/api/accounts", json=ANA, by=admin)
    token = secret(made["link"])
    words = [f"{PASSWORD} {n}" for n in range(5)]
    answers = await asyncio.gather(*[accept(service, token, word) for word in words])
    assert sorted(status for status, _ in answers) == [204, 401, 401, 401, 401]
    won = words[[status for status, _ in answers].index(204)]
    assert await sign_in(service, "ana@example.com", won) == 204


async def test_a_new_link_makes_the_former_one_useless_and_old_ones_end(
    service: Service, house: House, admin: UUID
) -> None:
    _, made = await service.call("POST", "/api/accounts", json=ANA, by=admin)
    path = f"/api/accounts/{made['account']['id']}"
    _, again = await service.call("POST", f"{path}/invite", by=admin)
    assert (await accept(service, secret(made["link"])))[0] == 401
    lives = await house.pool.fetchval("select max(expires_at) - now() from invitation")
    assert lives.total_seconds() == pytest.approx(7 * 86_400, abs=60)
    assert (await accept(service, secret(again["link"])))[0] == 204
    _, reset = await service.call("POST", f"{path}/reset", by=admin)
    assert await sign_in(service, "ana@example.com") == 204
    await house.pool.execute("update invitation set expires_at = now()")
    assert (await accept(service, secret(reset["link"])))[0] == 401


async def test_a_reset_ends_sessions_and_lifts_a_lock(
    service: Service, house: House, admin: UUID
) -> None:
    _, made = await service.call("POST", "/api/accounts", json=ANA, by=admin)
    ana = UUID(made["account"]["id"])
    await accept(service, secret(made["link"]))
    desk = await service.desk(ana)
    for _ in range(6):
        await sign_in(service, "ana@example.com", "wrong")
    _, listed = await service.call("GET", "/api/accounts?search=Ana", by=admin)
    assert listed["accounts"][0]["state"] == "locked"
    _, reset = await service.call("POST", f"/api/accounts/{ana}/reset", by=admin)
    assert (await accept(service, secret(reset["link"]), "another good password"))[0] == 204
    assert await desk.closed(2) == 4401
    assert await sign_in(service, "ana@example.com", "another good password") == 204
    assert await sign_in(service, "ana@example.com") == 401


async def test_a_disabled_account_gets_no_link_and_comes_back_by_an_admin(
    service: Service, admin: UUID
) -> None:
    _, made = await service.call("POST", "/api/accounts", json=ANA, by=admin)
    path = f"/api/accounts/{made['account']['id']}"
    assert (await service.call("POST", f"{path}/disable", by=admin))[0] == 200
    status, answer = await service.call("POST", f"{path}/invite", by=admin)
    assert (status, answer["error"]["state"]) == (409, "disabled")
    assert (await accept(service, secret(made["link"])))[0] == 401
    status, back = await service.call("POST", f"{path}/enable", by=admin)
    assert (status, back["state"]) == (200, "invited")


WRONG = [
    ({"email": "ana"}, "email"),
    ({"email": "a\0@example.com"}, "email"),
    ({"email": f"{'x' * 300}@example.com"}, "email"),
    ({"name": " "}, "name"),
    ({"name": "A\nB"}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"role": "boss"}, "role"),
    ({"agent": None}, "agent"),
    ({"agent": {"tier": 0}}, "agent.tier"),
    ({"agent": {"tier": True}}, "agent.tier"),
    ({"agent": {"languages": ["Deutsch"]}}, "agent.languages"),
    ({"agent": {"skills": ["Big Words"]}}, "agent.skills"),
    ({"agent": {"capacity": {"voice": 2}}}, "agent.capacity.voice"),
    ({"agent": {"capacity": {"chat": 21}}}, "agent.capacity.chat"),
    ({"agent": {"capacity": {"fax": 1}}}, "agent.capacity.fax"),
    ({"agent": {"reach": "phone"}}, "agent.reach_address"),
    ({"agent": {"reach": "phone", "reach_address": "anonymous"}}, "agent.reach_address"),
    ({"agent": {"reach": "sip", "reach_address": "ana"}}, "agent.reach_address"),
    ({"agent": {"reach": "pigeon"}}, "agent.reach"),
    ({"password": "x"}, "password"),
]


async def test_a_wrong_value_is_told_with_its_field_and_nothing_is_kept(
    service: Service, house: House, admin: UUID
) -> None:
    for change, field in WRONG:
        body = {**ANA, **change}
        status, answer = await service.call("POST", "/api/accounts", json=body, by=admin)
        assert (status, answer["error"].get("field")) == (422, field), change
        assert await house.pool.fetchval("select count(*) from account where role = 'agent'") == 0


async def test_an_address_has_one_account(service: Service, admin: UUID) -> None:
    answers = await asyncio.gather(
        *[service.call("POST", "/api/accounts", json=ANA, by=admin) for _ in range(4)]
    )
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409]
    _, other = await service.call(
        "POST", "/api/accounts", json={**ANA, "email": "ben@example.com"}, by=admin
    )
    status, answer = await service.call(
        "PATCH", f"/api/accounts/{other['account']['id']}", json={"email": "ANA@example.com"},
        by=admin,
    )  # fmt: skip
    assert (status, answer["error"]["field"]) == (409, "email")


async def test_a_changed_agent_is_heard_of_by_the_live_store(
    service: Service, house: House, admin: UUID
) -> None:
    ana = await house.agent("Ana", languages=("fr",))
    contact = await house.arrive(language="de")
    assert await house.offer(ana) is None
    _, before = await service.call("GET", "/api/accounts?search=Ana", by=admin)
    agent = {**before["accounts"][0]["agent"], "languages": ["fr", "de"]}
    status, after = await service.call(
        "PATCH", f"/api/accounts/{ana}", json={"agent": agent}, by=admin
    )
    assert (status, after["agent"]["languages"]) == (200, ["fr", "de"])
    assert await until(lambda: house.offered(ana), "the waiting contact") == contact.id


async def test_who_becomes_a_supervisor_takes_no_more_contacts(
    service: Service, house: House, admin: UUID
) -> None:
    ana = await house.agent("Ana")
    status, answer = await service.call(
        "PATCH", f"/api/accounts/{ana}", json={"agent": None}, by=admin
    )
    assert (status, answer["error"]["field"]) == (422, "agent")
    body = {"role": "supervisor", "agent": None}
    status, after = await service.call("PATCH", f"/api/accounts/{ana}", json=body, by=admin)
    assert (status, after["role"]) == (200, "supervisor")
    assert after["agent"]["capacity"] == {"voice": 0, "chat": 0, "video": 0}
    await house.arrive()
    assert await house.offer(ana) is None


async def test_there_is_always_an_admin(service: Service, house: House, admin: UUID) -> None:
    for path, body in ((f"/api/accounts/{admin}/disable", None), (f"/api/accounts/{admin}", {})):
        method = "POST" if body is None else "PATCH"
        status, answer = await service.call(
            method, path, json={"role": "supervisor"} if body is not None else None, by=admin
        )
        assert (status, answer["error"]["state"]) == (409, "last admin")
    other = await service.account("admin")
    both = await asyncio.gather(
        service.call("PATCH", f"/api/accounts/{other}", json={"role": "supervisor"}, by=admin),
        service.call("PATCH", f"/api/accounts/{admin}", json={"role": "supervisor"}, by=other),
    )
    assert 200 in [status for status, _ in both]
    left = await house.pool.fetchval("select count(*) from account where role = 'admin'")
    assert left == 1


async def test_only_admins_of_the_same_company_get_in(
    service: Service, house: House, admin: UUID
) -> None:
    supervisor, agent = await service.account("supervisor"), await house.agent("Ana")
    paths = [
        ("GET", "/api/accounts"), ("POST", "/api/accounts"), ("PATCH", f"/api/accounts/{admin}"),
        ("POST", f"/api/accounts/{admin}/disable"), ("POST", f"/api/accounts/{admin}/enable"),
        ("POST", f"/api/accounts/{admin}/invite"), ("POST", f"/api/accounts/{admin}/reset"),
        ("GET", "/api/experts"), ("POST", "/api/experts"), ("PATCH", f"/api/experts/{admin}"),
        ("POST", "/api/experts/import"), ("POST", f"/api/experts/{admin}/pin"),
        ("DELETE", f"/api/experts/{admin}/pin"), ("GET", "/api/queues"), ("POST", "/api/queues"),
        ("PATCH", f"/api/queues/{house.queues['experts']}"), ("GET", "/api/entry-points"),
        ("POST", "/api/entry-points"), ("PATCH", f"/api/entry-points/{house.entry_point}"),
    ]  # fmt: skip
    bodies = {
        "/api/accounts": ANA,
        "/api/experts": {"number": "4711", "name": "Eva"},
        "/api/queues": {"slug": "q", "name": "Q"},
        "/api/entry-points": {
            "kind": "widget",
            "name": "W",
            "customer_queue_id": str(uuid4()),
            "expert_queue_id": str(uuid4()),
        },
    }
    for method, path in paths:
        how: dict[str, Any] = {"json": bodies.get(path, {}) if method == "POST" else {}}
        assert (await service.call(method, path, **how))[0] == 401, path
        for other in (supervisor, agent):
            assert (await service.call(method, path, by=other, **how))[0] == 403, path
    stranger = await house.pool.fetchval(
        "with w as (insert into workspace (slug, name) values ('other', 'O') returning id)"
        " insert into account (workspace_id, email, name, role)"
        " select id, 'o@example.com', 'O', 'admin' from w returning id"
    )
    await service.sign_in(stranger)
    await house.pool.execute(
        "update session set workspace_id = a.workspace_id from account a where a.id = account_id"
    )
    for method, path in paths:
        if str(admin) in path or str(house.entry_point) in path or "/queues/" in path:
            status, _ = await service.call(method, path, json={}, by=stranger)
            assert status == 404, path
    _, listed = await service.call("GET", "/api/accounts", by=stranger)
    assert [row["name"] for row in listed["accounts"]] == ["O"]


SEARCHES = ["%", "_", "\\", "'", "ana%", "%25", "x" * 900]


async def test_a_search_is_text_and_not_a_pattern(service: Service, admin: UUID) -> None:
    for search in SEARCHES:
        for path in ("/api/accounts", "/api/experts"):
            status, listed = await service.call("GET", path, params={"search": search}, by=admin)
            assert (status, listed["total"]) == (200, 0)
        status, answer = await service.call("GET", "/api/accounts?limit=0", by=admin)
        assert (status, answer["error"]["field"]) == (422, "limit")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"levels": {"billing": 3}}, "agent.levels.billing"),
        ({"levels": {"router": 11}}, "agent.levels.router"),
        ({"levels": {"router": "high"}}, "agent.levels[...]"),
        ({"tags": [" "]}, "agent.tags"),
        ({"qualifications": ["a\nb"]}, "agent.qualifications"),
        ({"location": {"country": "Germany"}}, "agent.location.country"),
        ({"location": {"planet": "Earth"}}, "agent.location.planet"),
        ({"attributes": {"colour": "red"}}, "agent.attributes.colour"),
        ({"attributes": {"author_value": "7"}}, "agent.attributes.author_value"),
    ],
)
async def test_what_filters_may_name_of_an_agent_is_checked_at_its_field(
    service: Service, house: House, admin: UUID, given: dict[str, Any], field: str
) -> None:
    body = {**ANA, "agent": {**ANA["agent"], **given}}
    status, answer = await service.call("POST", "/api/accounts", json=body, by=admin)
    assert (status, answer["error"]["field"]) == (422, field)
    assert await house.pool.fetchval("select count(*) from agent") == 0


async def test_what_an_agent_takes_can_be_bounded_in_all(
    service: Service, house: House, admin: UUID
) -> None:
    agent = await house.agent("Ana")
    path = f"/api/accounts/{agent}"
    for given, kept in (
        (
            {"voice": 1, "chat": 3, "video": 0, "all": 2},
            {"voice": 1, "chat": 3, "video": 0, "all": 2},
        ),
        ({"voice": 1, "chat": 3, "video": 0, "all": None}, {"voice": 1, "chat": 3, "video": 0}),
    ):
        body = {"agent": {"tier": 1, "languages": ["en"], "capacity": given}}
        status, changed = await service.call("PATCH", path, json=body, by=admin)
        assert (status, changed["agent"]["capacity"]) == (200, kept)
        # voice, chat, video, in all
        size = (await house.live_agent(agent))["size"].split()[:4]
        assert size == ["1", "3", "0", str(given["all"] or "-")]
    body["agent"]["capacity"] = {"all": 0}
    status, answer = await service.call("PATCH", path, json=body, by=admin)
    assert (status, answer["error"]["field"]) == (422, "agent.capacity.all")


async def test_the_router_hears_of_what_filters_may_name(
    service: Service, house: House, admin: UUID
) -> None:
    agent = await house.agent("Ana", tier=2)
    before = (await house.live_agent(agent))["ver"]
    change = {"agent": {"tier": 2, "languages": ["en"], "tags": ["mentor"]}}
    status, changed = await service.call("PATCH", f"/api/accounts/{agent}", json=change, by=admin)
    assert (status, changed["agent"]["tags"]) == (200, ["mentor"])
    assert int((await house.live_agent(agent))["ver"]) > int(before)
