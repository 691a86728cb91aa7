"""Whole calls: signed webhooks and Twilio's SDK on both sides, from arrival to rating."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from router.channels.records import HandOver
from tests.house import House, until
from tests.voice.conftest import PLAIN, Exchange
from tests.voice.telephone import CUSTOMER, EXPERT, Browser, Telephone, opened

MOBILE = "+4915199999999"


@pytest.fixture
async def telephone(house: House) -> AsyncIterator[Telephone]:
    async with opened(house) as made:
        yield made


async def stars(telephone: Telephone) -> list[int]:
    rows = await telephone.house.pool.fetch(
        "select stars from rating where direction = 'of_agent' order by given_at"
    )
    return [row["stars"] for row in rows]


async def test_an_experts_call_from_arrival_to_rating(telephone: Telephone) -> None:
    await Exchange.expert(telephone, "4711", phone=EXPERT)  # type: ignore[arg-type]  # needs the house alone
    tier1 = await telephone.agent("Tom", tier=1)
    ana = await telephone.agent("Ana", tier=2)
    call = await telephone.call(EXPERT, stir="TN-Validation-Passed-A")
    await call.hears("Welcome to Acme")
    handling = await telephone.accept(ana)
    assert await telephone.house.offer(tier1) is None, "an expert never meets tier 1"
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await telephone.active(handling)
        await telephone.together(call)
        await telephone.end(ana, handling)
        await call.hears("1 to 5")
        call.press("5")
        await call.hears("Thank you")
        assert await call.over() == "completed"
        await browser.until("disconnected")
    contact = await telephone.contact(call)
    assert (contact["role"], contact["assurance"]) == ("expert", 2)
    assert (contact["state"], contact["outcome"]) == ("ended", "completed")
    assert await stars(telephone) == [5]
    assert telephone.errors() == []


async def test_a_customers_call_reaches_a_telephone_is_escalated_and_rated(
    telephone: Telephone,
) -> None:
    tom = await telephone.agent("Tom", tier=1, phone=MOBILE)
    ana = await telephone.agent("Ana", tier=2)
    telephone.standin.phone(MOBILE, presses="1")
    call = await telephone.customer()
    first = await telephone.accept(tom)
    await telephone.active(first)
    await telephone.together(call)
    arrived = (await telephone.contact(call))["arrived_at"]
    await telephone.house.contacts.escalate(
        telephone.house.workspace, tom, first, HandOver("too hard", "the bill", "turned it off")
    )
    second = await telephone.accept(ana)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(second)
        await telephone.active(second)
        await telephone.together(call)
        assert (await telephone.contact(call))["arrived_at"] == arrived
        assert telephone.standin.phone(MOBILE).calls[0].over_now, "the first agent is out"
        await telephone.end(ana, second)
        await call.hears("1 to 5")
        call.press("4")
        await call.over()
    assert await stars(telephone) == [4]
    assert (await telephone.handling(first))["ending"] == "escalated"
    assert telephone.errors() == []


async def test_an_agent_with_a_sip_address_ends_the_call_by_hanging_up(
    telephone: Telephone,
) -> None:
    address = "sip:tom@phones.example.com"
    tom = await telephone.agent("Tom", phone=address)
    telephone.standin.phone(address, presses="1")
    call = await telephone.customer()
    handling = await telephone.accept(tom)
    await telephone.active(handling)
    await telephone.together(call)
    telephone.standin.phone(address).calls[0].hang_up()
    await call.hears("1 to 5")
    contact = await telephone.contact(call)
    assert (contact["outcome"], contact["ended_by"]) == ("completed", "agent")
    assert (await telephone.handling(handling))["state"] == "wrapup"
    assert telephone.errors() == []


async def test_a_mailbox_presses_nothing_and_the_caller_keeps_their_age(
    telephone: Telephone,
) -> None:
    tom = await telephone.agent("Tom", phone=MOBILE)
    telephone.standin.phone(MOBILE, answers="mailbox")
    call = await telephone.customer()
    before = await telephone.contact(call)
    handling = await telephone.accept(tom)

    async def gave_up() -> bool:
        return (await telephone.handling(handling))["ending"] == "no_connect"

    await until(gave_up, "the mailbox was noticed")
    contact = await telephone.contact(call)
    assert contact["state"] == "waiting"
    assert contact["arrived_at"] == before["arrived_at"]
    assert not call.over_now
    presence = await telephone.house.pool.fetchval("select presence from agent where id = $1", tom)
    assert presence == "break"


@pytest.mark.parametrize("answers", ["busy", "failed"])
async def test_a_busy_or_failed_telephone_gives_the_caller_back_at_once(
    telephone: Telephone, answers: str
) -> None:
    tom = await telephone.agent("Tom", phone=MOBILE)
    telephone.standin.phone(MOBILE, answers=answers)
    call = await telephone.customer()
    handling = await telephone.accept(tom)

    async def gave_up() -> bool:
        return (await telephone.handling(handling))["ending"] == "no_connect"

    await until(gave_up, "the agent was not reached")
    assert await telephone.state(call, "waiting")


async def test_no_answer_in_fifteen_seconds_cancels_the_leg(telephone: Telephone) -> None:
    tom = await telephone.agent("Tom", phone=MOBILE)
    telephone.standin.phone(MOBILE, answers="held")
    call = await telephone.customer()
    handling = await telephone.accept(tom)
    await until(lambda: telephone.standin.phone(MOBILE).calls, "it rings")
    await telephone.tick()
    assert (await telephone.handling(handling))["state"] == "connecting"
    await telephone.older(16)
    await telephone.tick()
    assert (await telephone.handling(handling))["ending"] == "no_connect"
    assert await telephone.standin.phone(MOBILE).calls[0].over() == "canceled"
    assert await telephone.state(call, "waiting")


async def test_an_agent_lost_in_the_middle_puts_the_caller_in_front_for_the_same_agent(
    telephone: Telephone,
) -> None:
    ana = await telephone.agent("Ana")
    call = await telephone.customer()
    handling = await telephone.accept(ana)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await telephone.together(call)
        await browser.close()
    await call.hears("lost the connection")
    assert (await telephone.handling(handling))["ending"] == "lost"
    again = await telephone.accept(ana)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(again)
        await telephone.together(call)
    assert telephone.errors() == []


async def test_a_caller_who_hangs_up_ends_it_and_the_agents_leg_falls(
    telephone: Telephone,
) -> None:
    ana = await telephone.agent("Ana")
    call = await telephone.customer()
    handling = await telephone.accept(ana)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await telephone.together(call)
        call.hang_up()
        await browser.until("disconnected")

    async def ended() -> bool:
        contact = await telephone.contact(call)
        return contact["outcome"] == "completed" and contact["ended_by"] == "person"

    await until(ended, "the contact's end")
    assert (await telephone.handling(handling))["state"] == "wrapup"
    assert telephone.errors() == []


async def test_a_caller_gone_before_the_agent_came_has_abandoned_and_the_agent_is_dropped(
    telephone: Telephone,
) -> None:
    telephone.standin.faults.drop("call-status")  # Twilio tells us nothing: only 21220 does
    ana = await telephone.agent("Ana")
    call = await telephone.customer()
    handling = await telephone.accept(ana)
    call.hang_up()
    await call.over()
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await browser.until("disconnected")
    assert (await telephone.contact(call))["outcome"] == "abandoned"
    assert (await telephone.handling(handling))["ending"] == "abandoned"


async def test_a_deadline_that_passes_as_they_meet_does_not_part_them(
    telephone: Telephone,
) -> None:
    ana = await telephone.agent("Ana")
    call = await telephone.customer()
    handling = await telephone.accept(ana)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await telephone.active(handling)
        await telephone.house.contacts.no_connect(handling, "timeout")
        assert (await telephone.handling(handling))["state"] == "active"
        await telephone.together(call)


async def called_back(telephone: Telephone) -> object:
    call = await telephone.customer()
    await call.hears("press 1")
    call.press("1")
    await call.hears("ends in 5 6 7 8")
    call.press("1")
    await call.hears("keep your place")
    await call.over()
    return call


async def test_a_callback_calls_the_agent_first_and_then_the_customer(
    telephone: Telephone,
) -> None:
    call = await called_back(telephone)
    ana = await telephone.agent("Ana")
    phone = telephone.standin.phone(CUSTOMER, answers="human", presses="5")
    handling = await telephone.accept(ana)
    assert phone.calls == []
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await telephone.active(handling)
        assert len(phone.calls) == 1
        await phone.calls[0].hears("You asked us to call you back")
        await telephone.together(phone.calls[0])
        await telephone.end(ana, handling)
        await phone.calls[0].over()
    assert await stars(telephone) == [5]
    contact = await telephone.contact(call)  # type: ignore[arg-type]  # a Call
    assert contact["outcome"] == "completed"
    assert phone.calls[0].from_ == PLAIN
    assert telephone.errors() == []


async def test_a_callback_that_nobody_answers_is_tried_three_times(telephone: Telephone) -> None:
    call = await called_back(telephone)
    ana = await telephone.agent("Ana")
    phone = telephone.standin.phone(CUSTOMER, answers="busy")
    for tries in (1, 2):
        handling = await telephone.accept(ana)
        async with Browser.open(telephone.standin, ana) as browser:
            await browser.dial(handling)
            await browser.until("disconnected")
        contact = await telephone.contact(call)  # type: ignore[arg-type]  # a Call
        assert (contact["state"], contact["callback_tries"]) == ("arriving", tries)
        await telephone.tick()
        assert await telephone.house.offer(ana) is None, "not again at once"
        await telephone.older(61)
        await telephone.tick()
    handling = await telephone.accept(ana)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await browser.until("disconnected")
    contact = await telephone.contact(call)  # type: ignore[arg-type]  # a Call
    assert (contact["state"], contact["outcome"]) == ("ended", "unreachable")
    assert len(phone.calls) == 3
    assert telephone.errors() == []


async def test_the_agent_puts_the_caller_on_hold_and_back(telephone: Telephone) -> None:
    ana = await telephone.agent("Ana")
    call = await telephone.customer()
    handling = await telephone.accept(ana)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await telephone.together(call)
        contact = (await telephone.contact(call))["id"]

        async def joined() -> bool:
            state = await telephone.house.pool.fetchval(
                "select state from leg where call_sid = $1", call.sid
            )
            return state == "joined"

        await until(joined, "the caller's join is known")
        await telephone.voice.hold(telephone.house.workspace, ana, contact, on=True)
        await call.hears("hold the line")
        await telephone.voice.hold(telephone.house.workspace, ana, contact, on=False)
        room = next(iter(telephone.standin.rooms.values()))
        await until(lambda: not room.people[call.sid].hold, "back from hold")
    assert telephone.errors() == []


async def test_a_browser_cannot_take_somebody_elses_call(telephone: Telephone) -> None:
    ana, eve = await telephone.agent("Ana"), await telephone.agent("Eve", tier=2)
    call = await telephone.customer()
    handling = await telephone.accept(ana)
    async with Browser.open(telephone.standin, eve) as browser:
        await browser.dial(handling)
        await browser.until("disconnected")
    assert (await telephone.handling(handling))["state"] == "connecting"
    assert not call.over_now
