"""The policy by the API: admins read, check, activate and roll back; every form comes this way."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.house import House, until
from tests.web.service import Service


async def test_an_admin_reads_checks_activates_and_rolls_back(
    service: Service, house: House
) -> None:
    admin = await service.account("admin", "Olivia")
    _, active = await service.call("GET", "/api/policy", by=admin)
    assert (active["number"], active["active"], active["at"]) == (1, True, None)
    source = active["text"].replace("name: experts", "name: The house")

    _, checked = await service.call("POST", "/api/policy/check", json={"text": source}, by=admin)
    assert (checked["problems"], checked["active"]) == ([], 1)
    assert [change["field"] for change in checked["changes"]] == ["queues.experts.name"]

    body = {"text": source, "seen": 1, "note": "A better name"}
    status, made = await service.call("POST", "/api/policy/activate", json=body, by=admin)
    assert (status, made["number"], made["author"]) == (200, 2, "Olivia")
    _, queues = await service.call("GET", "/api/queues", by=admin)
    assert {queue["name"] for queue in queues["queues"]} == {"The house", "customers"}

    status, refused = await service.call("POST", "/api/policy/activate", json=body, by=admin)
    assert (status, refused["error"]["state"]) == (409, "2")

    _, history = await service.call("GET", "/api/policy/versions", by=admin)
    assert [(each["number"], each["active"]) for each in history["versions"]] == [
        (2, True),
        (1, False),
    ]
    _, between = await service.call("GET", "/api/policy/difference?after=2", by=admin)
    assert [change["text"] for change in between["changes"]] == [
        "queues.experts.name was “experts”, becomes “The house”"
    ]
    _, first = await service.call("GET", "/api/policy/versions/1", by=admin)
    assert first["text"] == active["text"]

    body = {"number": 1, "seen": 2}
    status, back = await service.call("POST", "/api/policy/rollback", json=body, by=admin)
    assert (status, back["number"], back["restores"]) == (200, 3, 1)
    status, _ = await service.call("GET", "/api/policy/versions/9", by=admin)
    assert status == 404


async def test_what_is_wrong_is_told_with_its_lines(service: Service) -> None:
    admin = await service.account("admin")
    source = "queues:\n  a:\n    name: A\n    hours: never\n    steps: [{tiers: [0]}]\n"
    _, checked = await service.call("POST", "/api/policy/check", json={"text": source}, by=admin)
    assert [(p["field"], p["line"]) for p in checked["problems"]] == [
        ("queues.a.steps[0].tiers[0]", 5)
    ]
    _, checked = await service.call("POST", "/api/policy/check", json={"text": "a: b: c"}, by=admin)
    assert [problem["line"] for problem in checked["problems"]] == [1]
    body = {"text": source, "seen": 1}
    status, refused = await service.call("POST", "/api/policy/activate", json=body, by=admin)
    assert (status, refused["error"]["field"]) == (422, "queues.a.steps[0].tiers[0]")
    assert "line 5" in refused["error"]["message"]


async def test_only_admins_see_it_and_large_ones_are_read(service: Service, house: House) -> None:
    supervisor = await service.account("supervisor")
    for method, path in [("GET", ""), ("GET", "/versions"), ("POST", "/check")]:
        status, _ = await service.call(
            method, f"/api/policy{path}", by=supervisor, json={"text": ""}
        )
        assert status == 403
    admin = await service.account("admin")
    many = "queues:\n" + "".join(f"  q{n}: {{name: 'Queue {n}'}}\n" for n in range(4000))
    status, checked = await service.call("POST", "/api/policy/check", json={"text": many}, by=admin)
    assert (status, checked["problems"]) == (200, [])


async def test_each_form_makes_a_version(service: Service, house: House) -> None:
    admin = await service.account("admin", "Olivia")
    queue = f"/api/queues/{house.queues['customers']}"
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/api/queues", {"slug": "sales", "name": "Sales"}),
        ("PATCH", queue, {"policy": {"voicemail": True}}),
        ("PATCH", queue, {"policy": {"voicemail": True}}),  # nothing new
        ("PATCH", f"/api/entry-points/{house.entry_point}", {"name": "Shop"}),
    ]
    for method, path, body in calls:
        status, answer = await service.call(method, path, json=body, by=admin)
        assert status in (200, 201), answer
    _, history = await service.call("GET", "/api/policy/versions", by=admin)
    assert [(each["number"], each["note"]) for each in history["versions"]] == [
        (4, "Entry point changed"),
        (3, "Queue “customers” changed"),
        (2, "Queue “Sales” made"),
        (1, "As it was found"),
    ]
    _, active = await service.call("GET", "/api/policy", by=admin)
    assert "voicemail: true" in active["text"]
    assert "name: Shop" in active["text"]


async def test_a_form_cannot_make_what_the_document_may_not_be(
    service: Service, house: House
) -> None:
    admin = await service.account("admin")
    path = f"/api/queues/{house.queues['customers']}"
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"hours": "never"}, "policy.hours"),
        ({"steps": [{"filter": "agent.ratng > 3"}]}, "policy.steps[0].filter"),
        ({"steps": [{"then": {"to": "queue", "queue": "x"}}]}, "policy.steps[0].then.queue"),
    ]
    for policy, field in wrong:
        status, answer = await service.call("PATCH", path, json={"policy": policy}, by=admin)
        assert (status, answer["error"]["field"]) == (422, field)
    _, history = await service.call("GET", "/api/policy/versions", by=admin)
    assert len(history["versions"]) == 1


async def test_a_queue_with_another_short_name_keeps_its_contacts_and_entry_points(
    service: Service, house: House
) -> None:
    admin = await service.account("admin")
    contact = await house.arrive()
    path = f"/api/queues/{house.queues['customers']}"
    status, _ = await service.call("PATCH", path, json={"slug": "people"}, by=admin)
    assert status == 200
    row = await house.pool.fetchrow("select * from queue where slug = 'people'")
    assert row["id"] == house.queues["customers"]
    assert (await house.contacts.get(house.workspace, contact.id)).queue_id == row["id"]
    point = await house.pool.fetchrow("select * from entry_point")
    assert point["customer_queue_id"] == row["id"]


async def test_who_waits_is_served_by_the_new_policy_and_supervisors_see_its_queues(
    service: Service, house: House
) -> None:
    admin = await service.account("admin")
    supervisor = await service.account("supervisor")
    hanna = await house.agent("Hanna", tier=2)
    desk = await service.desk(hanna)
    floor = await service.peer("/ws/floor", by=supervisor)
    snapshot = await floor.until("snapshot")
    assert len(snapshot["queues"]) == 2
    opened = await service.open()
    _, active = await service.call("GET", "/api/policy", by=admin)
    source = active["text"].replace("  customers:\n", "  customers:\n    steps: [{tiers: [2]}]\n")
    source = source.replace("queues:\n", "queues:\n  sales: {name: Sales}\n")
    body = {"text": source, "seen": active["number"]}
    status, made = await service.call("POST", "/api/policy/activate", json=body, by=admin)
    assert status == 200, made
    offer = await desk.until("offer")
    assert offer["contact"] == opened["contact"]
    names = [queue["name"] for frame in floor.of("patch") for queue in frame["queues"]]
    if "Sales" not in names:
        await until(lambda: any(
            queue["name"] == "Sales" for frame in floor.of("patch") for queue in frame["queues"]
        ), "the new queue is on the floor")  # fmt: skip
    sales = await house.pool.fetchval("select id::text from queue where slug = 'sales'")
    body = {"number": 1, "seen": made["number"]}
    status, _ = await service.call("POST", "/api/policy/rollback", json=body, by=admin)
    assert status == 200
    await until(lambda: any(sales in frame["gone"] for frame in floor.of("patch")), "it is gone")


async def test_a_widget_that_the_policy_drops_opens_nothing_any_more(
    service: Service, house: House
) -> None:
    admin = await service.account("admin")
    widget = await service.widget()
    _, active = await service.call("GET", "/api/policy", by=admin)
    source = active["text"][: active["text"].index("entry_points:")]
    body = {"text": source, "seen": 1}
    status, _ = await service.call("POST", "/api/policy/activate", json=body, by=admin)
    assert status == 200
    status, _ = await service.call("GET", f"/api/widgets/{widget}")
    assert status == 404
    # another may take the address
    queues = {f"{role}_queue_id": str(house.queues[f"{role}s"]) for role in ("customer", "expert")}
    again = {"kind": "widget", "address": widget, "name": "Again", **queues}
    done = await asyncio.gather(
        *(service.call("POST", "/api/entry-points", json=again, by=admin) for _ in range(2))
    )
    assert sorted(status for status, _ in done) == [201, 409]
    status, _ = await service.call("GET", f"/api/widgets/{widget}")
    assert status == 200


async def test_a_skill_that_no_agent_has_is_a_hint(service: Service, house: House) -> None:
    admin = await service.account("admin")
    await house.agent("Ana", skills=("router",))
    text = (
        "queues: {a: {name: A}}\nentry_points:\n  - {kind: widget, address: shop, name: Shop,"
        " customers: a, experts: a,\n     menu: [{key: 1, topic: router, label: {en: Router}},"
        " {key: 2, topic: modem, label: {en: Modem}}]}\n"
    )
    _, checked = await service.call("POST", "/api/policy/check", json={"text": text}, by=admin)
    assert checked["problems"] == []
    assert [(each["field"], each["line"]) for each in checked["hints"]] == [
        ("entry_points[0].menu[1].topic", 4)
    ]
