"""Silent and deserted conversations, over the real timers."""

import pytest

from tests.house import until

CUSTOMERS = {"steps": [{"tiers": [1], "seconds": 60}], "escalates_to": "experts"}


async def _state(house, contact):
    return await house.pool.fetchrow(
        "select state, outcome, ended_by from contact where id = $1", contact
    )


async def _talking(service, house, *, say=True):
    agent = await house.agent("Ana")
    desk = await service.desk(agent)
    opened = await service.open()
    customer = await service.customer(opened)
    offer = await desk.until("offer", contact=opened["contact"])
    await desk.ok("accept", offer=offer["offer"])
    if say:
        await desk.ok("say", contact=opened["contact"], key="hello", text="Hello")
    return desk, opened, customer


@pytest.fixture
async def brief(house, monkeypatch):
    """Times that a test can wait for."""
    monkeypatch.setattr("router.web.leases.RENEW_SECONDS", 0.5)
    monkeypatch.setattr("router.channels.chat.LOOK_SECONDS", 0.3)
    await house.queue(
        "customers",
        CUSTOMERS | {"chat": {"warn_seconds": 5, "end_seconds": 10, "vanished_seconds": 5}},
    )


async def test_who_closes_the_page_while_waiting_has_abandoned(brief, service, house):
    opened = await service.open()
    customer = await service.customer(opened)
    await customer.close()
    await until(
        lambda: _ended(house, opened["contact"], "abandoned", "person"), "abandoned", seconds=12
    )


async def test_a_page_that_never_opens_its_socket_has_abandoned(brief, service, house):
    opened = await service.open()
    await until(
        lambda: _ended(house, opened["contact"], "abandoned", "person"), "abandoned", seconds=12
    )


async def test_who_stays_is_not_taken_for_gone(brief, service, house):
    opened = await service.open()
    gone = await service.open()
    await service.customer(opened)
    await until(
        lambda: _ended(house, gone["contact"], "abandoned", "person"), "the other one", seconds=12
    )
    assert (await _state(house, opened["contact"]))["state"] == "waiting"


async def test_who_leaves_after_an_answer_has_completed_and_the_agent_wraps_up(
    brief, service, house
):
    desk, opened, customer = await _talking(service, house)
    await customer.close()
    await until(
        lambda: _ended(house, opened["contact"], "completed", "person"), "completed", seconds=12
    )
    await desk.until("handling", state="wrapup")


async def test_who_ends_before_the_first_word_has_abandoned(service, house):
    _, opened, customer = await _talking(service, house, say=False)
    await customer.ok("end")
    assert await _ended(house, opened["contact"], "abandoned", "person")


async def test_a_silent_customer_is_warned_then_the_chat_ends(brief, service, house):
    _, opened, customer = await _talking(service, house)
    await until(
        lambda: any(f["entry"]["kind"] == "warned" for f in customer.of("entry")),
        "the warning",
        seconds=9,
    )
    warned = [f["entry"] for f in customer.of("entry") if f["entry"]["kind"] == "warned"]
    assert [entry["data"] for entry in warned] == [{"ends_in_s": 5}]
    await until(
        lambda: _ended(house, opened["contact"], "completed", "system"), "the end", seconds=9
    )


async def test_an_answer_to_the_warning_keeps_the_chat_and_the_agent_owes_a_word(
    brief, service, house
):
    _, opened, customer = await _talking(service, house)
    await until(
        lambda: any(f["entry"]["kind"] == "warned" for f in customer.of("entry")),
        "the warning",
        seconds=9,
    )
    await customer.ok("say", key="still", text="still here")
    other = await service.open()
    await until(
        lambda: _ended(house, other["contact"], "abandoned", "person"), "time passes", seconds=14
    )
    assert (await _state(house, opened["contact"]))["state"] == "handling"


async def _ended(house, contact, outcome, by):
    row = await _state(house, contact)
    return row["state"] == "ended" and (row["outcome"], row["ended_by"]) == (outcome, by)
