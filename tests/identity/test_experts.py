"""Experts over the API, with their PINs, and people as each viewer sees them."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from router.identity.people import People
from router.identity.visitors import make_token
from router.web.keys import PEOPLE
from tests.house import House
from tests.web.service import Service

EVA = {
    "number": "4711",
    "name": "Eva",
    "phones": ["030 123456"],
    "mail": "Eva@example.org",
    "account": "eva",
    "languages": ["de", "en"],
    "network_size": 120,
    "active": True,
}


@pytest.fixture
def people(service: Service) -> People:
    return service.app[PEOPLE]


@pytest.fixture
async def eva(service: Service, admin: UUID) -> str:
    status, made = await service.call("POST", "/api/experts", json=EVA, by=admin)
    assert status == 201
    return made["id"]


async def test_an_expert_is_registered_and_found_again(
    service: Service, admin: UUID, eva: str
) -> None:
    whole = {
        **EVA,
        "id": eva,
        "phones": ["+4930123456"],
        "mail": "eva@example.org",
        "pin": "none",
    }
    for search in ("", "47", "EVA", "123456", "eva@"):
        _, found = await service.call("GET", "/api/experts", params={"search": search}, by=admin)
        assert found == {"experts": [whole], "total": 1}, search
    _, found = await service.call("GET", "/api/experts?search=711", by=admin)
    assert found["total"] == 0


async def test_a_change_changes_what_it_names(service: Service, admin: UUID, eva: str) -> None:
    path = f"/api/experts/{eva}"
    for change, now in [
        ({"network_size": 7}, {"network_size": 7}),
        ({"phones": ["030 777777", "030777777", ""]}, {"phones": ["+4930777777"]}),
        ({"mail": None}, {"mail": None}),
        ({"account": ""}, {"account": None}),
        ({"number": "0042", "name": "Eva Ko"}, {"number": "0042", "name": "Eva Ko"}),
        ({"active": False}, {"active": False}),
        ({}, {}),
    ]:
        status, before = await service.call("PATCH", path, json={}, by=admin)
        status, after = await service.call("PATCH", path, json=change, by=admin)
        assert (status, after) == (200, {**before, **now})


WRONG = [
    ({"number": "1"}, "number"),
    ({"number": None}, "number"),
    ({"name": ""}, "name"),
    ({"name": "E\0va"}, "name"),
    ({"name": "E\u0007va"}, "name"),
    ({"phones": ["anonymous"]}, "phones"),
    ({"phones": ["+266696687"]}, "phones"),
    ({"phones": "030 123456"}, "phones"),
    ({"mail": "eva"}, "mail"),
    ({"languages": ["Deutsch"]}, "languages"),
    ({"network_size": -1}, "network_size"),
    ({"network_size": 10**30}, "network_size"),
    ({"network_size": 1.5}, "network_size"),
    ({"role": "boss"}, "role"),
    ({"account": "x" * 201}, "account"),
]


async def test_a_wrong_value_is_told_with_its_field(
    service: Service, admin: UUID, eva: str
) -> None:
    for change, field in WRONG:
        for method, path, body in (
            ("POST", "/api/experts", {**EVA, "number": "4712", **change}),
            ("PATCH", f"/api/experts/{eva}", change),
        ):
            status, answer = await service.call(method, path, json=body, by=admin)
            assert (status, answer["error"]["field"]) == (422, field), change


async def test_a_number_and_an_address_belong_to_one_expert(
    service: Service, admin: UUID, eva: str
) -> None:
    for change, field in [
        ({}, "number"),
        ({"number": "4712"}, "phones"),
        ({"number": "4712", "phones": []}, "mail"),
        ({"number": "4712", "phones": [], "mail": None}, "account"),
    ]:
        status, answer = await service.call(
            "POST", "/api/experts", json={**EVA, **change}, by=admin
        )
        assert (status, answer["error"]["field"]) == (409, field)
    ben = {"number": "4712", "name": "Ben"}
    _, made = await service.call("POST", "/api/experts", json=ben, by=admin)
    for change, field in [({"number": "4711"}, "number"), ({"phones": ["030 123456"]}, "phones")]:
        status, answer = await service.call(
            "PATCH", f"/api/experts/{made['id']}", json=change, by=admin
        )
        assert (status, answer["error"]["field"]) == (409, field)


async def test_the_same_expert_registered_by_many_at_once_is_one(
    service: Service, house: House, admin: UUID
) -> None:
    answers = await asyncio.gather(
        *[service.call("POST", "/api/experts", json=EVA, by=admin) for _ in range(8)]
    )
    assert sorted(status for status, _ in answers) == [201] + [409] * 7
    assert await house.pool.fetchval("select count(*) from expert") == 1


async def test_a_pin_is_shown_once_replaced_and_revoked_at_once(
    service: Service, house: House, admin: UUID, eva: str, people: People
) -> None:
    path, ws = f"/api/experts/{eva}/pin", house.workspace
    _, first = await service.call("POST", path, by=admin)
    assert len(first["pin"]) == 6
    assert await people.by_pin(ws, "4711", first["pin"], caller=None)
    stored = await house.pool.fetchval("select pin_hash from expert")
    assert first["pin"] not in stored
    for _ in range(5):
        await people.by_pin(ws, "4711", "111119", caller=None)
    _, listed = await service.call("GET", "/api/experts", by=admin)
    assert listed["experts"][0]["pin"] == "locked"
    _, second = await service.call("POST", path, by=admin)
    assert await people.by_pin(ws, "4711", first["pin"], caller=None) is None
    assert await people.by_pin(ws, "4711", second["pin"], caller=None)
    assert await service.call("DELETE", path, by=admin) == (204, None)
    assert await people.by_pin(ws, "4711", second["pin"], caller=None) is None
    details = await house.pool.fetch("select detail from audit")
    assert not any(second["pin"] in str(row["detail"]) for row in details)
    await service.call("PATCH", f"/api/experts/{eva}", json={"active": False}, by=admin)
    status, answer = await service.call("POST", path, by=admin)
    assert (status, answer["error"]["state"]) == (409, "inactive")


async def test_a_file_is_imported_and_what_is_refused_is_told(
    service: Service, house: House, admin: UUID, eva: str
) -> None:
    csv = (
        "number;name;phones\n4711;Eva Ko;030 123456\n4712;Ben;030 123456\n"
        '4713;"<b>Cem</b>";"030 777777;030 777778"\n12;Dua;\n'
    )
    headers = {"Content-Type": "text/csv; charset=utf-8"}
    status, report = await service.call(
        "POST", "/api/experts/import", data=csv.encode(), headers=headers, by=admin
    )
    assert status == 200
    assert (report["created"], report["updated"], report["unchanged"]) == (1, 1, 0)
    assert [(row["line"], row["field"]) for row in report["refused"]] == [
        (3, "phones"),
        (5, "number"),
    ]
    _, found = await service.call("GET", "/api/experts?search=4713", by=admin)
    assert found["experts"][0]["name"] == "<b>Cem</b>"
    detail = await house.pool.fetchval("select detail from audit where action = 'expert.import'")
    assert detail == {"created": 1, "updated": 1, "refused": 2}


NO_FILES = [
    (b"number,name\n1234,J\xfcrgen\n", "text/csv", 400, "malformed"),
    (b"", "text/csv", 400, "malformed"),
    (b"a,b\n", "text/csv", 422, "invalid"),
    (b"number,name\n", "application/json", 422, "invalid"),
    (b"x" * (33 * 2**20), "text/csv", 422, "invalid"),
]


async def test_a_file_that_is_none_changes_nothing(
    service: Service, house: House, admin: UUID
) -> None:
    for data, media, status, code in NO_FILES:
        got, answer = await service.call(
            "POST", "/api/experts/import", data=data, headers={"Content-Type": media}, by=admin
        )
        assert (got, answer["error"]["code"]) == (status, code)
        assert await house.pool.fetchval("select count(*) from expert") == 0


async def open_as_eva(service: Service, house: House) -> dict[str, Any]:
    secret = await house.pool.fetchval(
        "select token_secret from workspace where id = $1", house.workspace
    )
    return await service.open(token=make_token(secret, "eva", name="whatever"))


async def test_an_agent_sees_the_person_in_their_hands_and_no_one_else(
    service: Service, house: House, admin: UUID, eva: str
) -> None:
    mia = await house.agent("Mia", tier=2)
    await open_as_eva(service, house)
    path = f"/api/people/{eva}"
    assert (await service.call("GET", path, by=mia))[0] == 404
    handling = await house.accept(mia)
    status, seen = await service.call("GET", path, by=mia)
    assert (status, seen["name"], seen["assurance"], seen["number"]) == (
        200,
        "Eva",
        3,
        "+4930123456",
    )
    assert [case["id"] for case in seen["contacts"]] == [str(handling.contact_id)]
    assert (await service.call("GET", f"/api/people/{uuid4()}", by=mia))[0] == 404
    assert (await service.call("GET", f"{path}?contact={uuid4()}", by=mia))[0] == 404
    await house.contacts.end(house.workspace, handling.contact_id, outcome="completed", by="agent")
    await house.contacts.wrap_up(house.workspace, mia, handling.id, "resolved", "likes tea")
    assert (await service.call("GET", path, by=mia))[0] == 404
    supervisor = await service.account("supervisor")
    _, seen = await service.call("GET", path, by=supervisor)
    assert seen["contacts"][0]["note"] == "likes tea"
    assert (await service.call("GET", path))[0] == 401
    assert (await service.call("GET", "/api/people/x", by=supervisor))[0] == 404


async def test_a_freelancer_sees_masked_numbers_and_counts(
    service: Service, house: House, people: People
) -> None:
    ana = await house.agent("Ana")
    caller = await people.by_phone(house.workspace, "+4930999942", attested=False)
    opened = await service.open(name="Kim", mail="kim@example.org")
    await house.pool.execute(
        "update contact set person_id = $2 where id = $1", UUID(opened["contact"]), caller.person_id
    )
    await house.accept(ana)
    status, seen = await service.call("GET", f"/api/people/{caller.person_id}", by=ana)
    assert status == 200
    assert seen["number_masked"] == "+49 ••• ••42"
    assert (seen["contacts"], seen["contacts_before"]) == ([], 0)
    assert "+4930999942" not in str(seen)
