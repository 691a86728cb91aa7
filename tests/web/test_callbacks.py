"""Asking for a call over HTTP, what supervisors see of it, and hearing a message."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from tests.house import until

NUMBER = "015112345678"


async def _phone(house):
    await house.pool.execute(
        "insert into entry_point (workspace_id, kind, address, name, customer_queue_id,"
        " expert_queue_id) values ($1, 'phone', '+4930111222', 'Line', $2, $3)",
        house.workspace,
        house.queues["customers"],
        house.queues["experts"],
    )


async def test_a_visitor_chooses_a_time_and_the_chat_ends_as_merged(service, house):
    await _phone(house)
    opened = await service.open()
    page = await service.customer(opened)
    at = f"/api/contacts/{opened['contact']}"
    secret = opened["secret"]
    status, offered = await service.call("GET", f"{at}/callback-times?secret={secret}")
    assert (status, offered["time_zone"]) == (200, "Europe/Berlin")
    wish = {"secret": secret, "number": NUMBER, "at": offered["times"][1]}
    wrong = await service.call("POST", f"{at}/callback", json=wish | {"secret": "x"})
    assert wrong[0] == 403
    premium = await service.call("POST", f"{at}/callback", json=wish | {"number": "09001234567"})
    assert (premium[0], premium[1]["error"]["field"]) == (422, "number")
    status, promised = await service.call("POST", f"{at}/callback", json=wish)
    assert (status, promised["state"]) == (201, "arriving")
    assert dt.datetime.fromisoformat(promised["at"]) == dt.datetime.fromisoformat(
        offered["times"][1]
    )
    await until(
        lambda: any(each["contact"]["state"] == "ended" for each in page.of("contact")),
        "the page hears of it",
    )
    outcome = await house.pool.fetchval("select outcome from contact where channel = 'chat'")
    assert outcome == "merged"

    supervisor, agent = await service.account("supervisor"), await house.agent("Ana")
    status, seen = await service.call("GET", "/api/callbacks", by=supervisor)
    assert status == 200
    assert [row["contact"] for row in seen["callbacks"]] == [promised["contact"]]
    assert seen["callbacks"][0]["number_masked"] == "+49 ••• ••78"
    assert seen["today"]["refused"] == [{"why": "premium", "count": 1}]
    assert (await service.call("GET", "/api/callbacks", by=agent))[0] == 403


async def test_an_agent_asks_for_those_whom_they_served_and_for_nobody_else(service, house):
    await _phone(house)
    opened = await service.open()
    ana, ben = await house.agent("Ana"), await house.agent("Ben")
    serves = ana if await house.offer(ana) else ben
    other = ben if serves is ana else ana
    await house.serve(serves)
    at = f"/api/contacts/{opened['contact']}/callback"
    unknown = await service.call("POST", at, by=serves, json={})
    assert (unknown[0], unknown[1]["error"]["field"]) == (422, "number")
    assert (await service.call("POST", at, by=other, json={"number": NUMBER}))[0] == 404
    status, made = await service.call("POST", at, by=serves, json={"number": NUMBER})
    assert (status, made["state"]) == (201, "waiting")
    again = await service.call("POST", at, by=serves, json={"number": NUMBER})
    assert again[1]["contact"] == made["contact"]


async def test_a_chat_that_became_a_message_is_shown_with_its_deadline(service, house):
    await house.queue("customers", {"steps": [{"tiers": [1]}], "hours": "never",
                                    "closed": {"to": "voicemail"}})  # fmt: skip
    await house.pool.execute(
        "update workspace set policy = $1", {"schedules": {"never": {"weekly": {}}}}
    )
    opened = await service.open(message="My box is dead.")
    page = await service.customer(opened)
    assert page.of("snapshot")[-1]["contact"]["message"]
    supervisor = await service.account("supervisor")
    _, seen = await service.call("GET", "/api/callbacks", by=supervisor)
    assert [(row["contact"], row["overdue"]) for row in seen["messages"]] == [
        (opened["contact"], False)
    ]
    floor = await service.peer("/ws/floor", by=supervisor)
    shown = (await floor.until("snapshot"))["contacts"]
    assert [row["id"] for row in shown if row["due_ms"]] == [opened["contact"]]
    agent = await house.agent("Ana")
    desk = await service.desk(agent)
    await until(lambda: house.offer(agent), "an offer")
    offers = desk.of("snapshot")[-1]["offers"] or desk.of("offer")
    assert offers[-1]["message"]["due_ms"] > 0
    status, _ = await service.call(
        "GET", f"/api/contacts/{opened['contact']}/recording", by=supervisor
    )
    assert status == 404


async def test_the_form_says_that_it_is_out_of_hours(service, house):
    closed = {"to": "close", "message": {"en": "Back on Monday."}}
    await house.queue("customers", {"hours": "never", "closed": closed})
    await house.pool.execute(
        "update workspace set policy = $1", {"schedules": {"never": {"weekly": {}}}}
    )
    _, form = await service.call("GET", f"/api/widgets/{await service.widget()}")
    assert form["closed"] == "Back on Monday."


async def test_what_calls_cost_is_told_by_queue_for_today_and_the_month(service, house):
    supervisor = await service.account("supervisor")
    contact = await house.arrive()
    experts, customers = house.queues["experts"], house.queues["customers"]
    zone = "(now() at time zone 'Europe/Berlin')::date"
    for name, queue, day, cents in (
        ("today", customers, zone, 30),
        ("first", customers, f"date_trunc('month', {zone})::date", 12.5),
        ("experts", experts, f"date_trunc('month', {zone})::date", 100),
        ("before", customers, f"date_trunc('month', {zone})::date - 1", 4000),
    ):
        await house.pool.execute(
            "insert into call_cost (name, workspace_id, contact_id, number, day, cents, queue_id)"
            f" values ($1, $2, $3, '+4930', {day}, $4, $5)",
            name, house.workspace, contact.id, cents, queue,
        )  # fmt: skip
    _, told = await service.call("GET", "/api/callbacks", by=supervisor)
    today = told["today"]
    assert [(row["queue"], row["cents_this_month"]) for row in today["spent"]] == [
        ("experts", 100), ("customers", 42.5)
    ]  # fmt: skip
    assert today["cents_this_month"] == 142.5
    first = dt.datetime.now(ZoneInfo("Europe/Berlin")).day == 1
    assert today["cents"] == (142.5 if first else 30)
    assert (today["cents_a_day"], today["cents_a_day_per_number"]) == (10_000, 500)


async def test_a_supervisor_takes_a_promise_back(service, house):
    await _phone(house)
    opened = await service.open()
    _, offered = await service.call(
        "GET", f"/api/contacts/{opened['contact']}/callback-times?secret={opened['secret']}"
    )
    wish = {"secret": opened["secret"], "number": NUMBER, "at": offered["times"][0]}
    _, made = await service.call("POST", f"/api/contacts/{opened['contact']}/callback", json=wish)
    supervisor = await service.account("supervisor")
    status, _ = await service.call("POST", f"/api/contacts/{made['contact']}/close", by=supervisor)
    assert status == 204
    _, told = await service.call("GET", "/api/callbacks", by=supervisor)
    assert told["callbacks"] == []
    # its time is free for others
    assert await house.contacts.callbacks_due(0) == []
