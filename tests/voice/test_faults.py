"""Twilio's webhooks doubled, out of order, late or never; its REST API silent; processes dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from router.channels.voice.sweep import LOCK
from router.standin import Call
from tests.house import House, until
from tests.voice.telephone import CUSTOMER, Browser, Telephone, opened

MOBILE = "+4915199999999"


@pytest.fixture
async def telephone(house: House) -> AsyncIterator[Telephone]:
    async with opened(house) as made:
        yield made


async def whole_call(telephone: Telephone) -> Call:
    """A customer's call, answered in a browser, ended by the agent and rated with 3."""
    ana = await telephone.agent("Ana")
    call = await telephone.customer()
    handling = await telephone.accept(ana)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await telephone.active(handling)
        await telephone.together(call)
        await telephone.end(ana, handling)
        await call.hears("1 to 5")
        call.press("3")
        await call.over()
    return call


async def assert_one_of_everything(telephone: Telephone, call: Call) -> None:
    pool = telephone.house.pool
    assert await pool.fetchval("select count(*) from contact") == 1
    assert await pool.fetchval("select count(*) from handling") == 1
    assert [row["stars"] for row in await pool.fetch("select stars from rating")] == [3]
    contact = await telephone.contact(call)
    assert (contact["outcome"], contact["ended_by"]) == ("completed", "agent")
    kinds = [
        row["kind"]
        for row in await pool.fetch(
            "select kind from contact_event where contact_id = $1 order by seq", contact["id"]
        )
    ]
    assert kinds == ["queued", "joined", "ended"]


async def test_every_webhook_twice_makes_one_of_everything(telephone: Telephone) -> None:
    telephone.standin.faults.duplicate("*")
    call = await whole_call(telephone)
    await assert_one_of_everything(telephone, call)


@pytest.mark.parametrize("event", ["participant-join", "participant-leave", "call-status"])
async def test_callbacks_out_of_order_change_nothing(telephone: Telephone, event: str) -> None:
    telephone.standin.faults.reorder(event, times=None)
    ana = await telephone.agent("Ana")
    call = await telephone.customer()
    handling = await telephone.accept(ana)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        # an event that is held back for good is one that never comes
        await telephone.together_unheard(call)
        await telephone.end(ana, handling)
        await call.hears("1 to 5")
        call.press("3")
        await call.over()
    await assert_one_of_everything(telephone, call)


async def test_a_join_that_is_never_reported_is_asked_for(telephone: Telephone) -> None:
    telephone.standin.faults.drop("participant-join")
    ana = await telephone.agent("Ana")
    call = await telephone.customer()
    handling = await telephone.accept(ana)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await browser.until("accepted")
        await telephone.together_unheard(call)
        await telephone.active(handling)


async def test_a_hang_up_that_is_never_reported_is_asked_for(telephone: Telephone) -> None:
    telephone.standin.faults.drop("call-status")
    call = await telephone.customer()
    call.hang_up()
    await call.over()
    await telephone.tick()
    assert await telephone.state(call, "waiting"), "nobody has told us"

    async def asked_for() -> bool:
        # a last webhook of the call may still be on its way, and is a sign of life
        await telephone.older(91)
        await telephone.tick()
        return (await telephone.contact(call))["outcome"] == "abandoned"

    await until(asked_for, "the silent leg was asked for")


@pytest.mark.parametrize("acts", [True, False])
async def test_a_call_to_an_agent_without_an_answer_is_looked_for_before_it_is_repeated(
    house: House, acts: bool
) -> None:
    async with opened(house, speed=4) as telephone:  # it must ring longer than we wait for REST
        tom = await telephone.agent("Tom", phone=MOBILE)
        phone = telephone.standin.phone(MOBILE, answers="held" if acts else "human", presses="1")
        call = await telephone.customer()
        # nor does the callback tell us the SID before the sweep looks
        telephone.standin.faults.drop("call-status")
        telephone.standin.faults.rest("calls.create", acts=acts)
        handling = await telephone.accept(tom)
        await telephone.voice.connections.settled()
        await telephone.older(7)
        await telephone.tick()
        legs = await telephone.house.pool.fetch("select call_sid from leg where party = 'agent'")
        assert [leg["call_sid"] for leg in legs] == [each.sid for each in phone.calls]
        if acts:
            phone.calls[0].pick_up()
            await phone.calls[0].hears("Press 1")
            assert phone.calls[0].press("1")
        await telephone.active(handling)
        await telephone.together(call)
        assert len(phone.calls) == 1


@pytest.mark.parametrize("acts", [True, False])
async def test_a_move_without_an_answer_is_repeated_only_if_it_did_not_happen(
    telephone: Telephone, acts: bool
) -> None:
    ana = await telephone.agent("Ana")
    call = await telephone.customer()
    handling = await telephone.accept(ana)
    telephone.standin.faults.rest("calls.update", acts=acts)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await telephone.joined(handling)
        await telephone.voice.connections.settled()  # the request has reached its time limit
        if acts:
            await telephone.active(handling)
        await telephone.older(4)
        await telephone.tick()
        await telephone.active(handling)
        await telephone.together(call)
        joins = [part for part in call.transcript.parts if part.kind == "conference"]
        assert [part.data["event"] for part in joins] == ["joined"]


async def test_a_leg_that_was_not_dropped_is_dropped_by_the_sweep(telephone: Telephone) -> None:
    ana = await telephone.agent("Ana")
    call = await telephone.customer()
    handling = await telephone.accept(ana)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await telephone.together(call)
        await telephone.active(handling)
        telephone.standin.faults.rest("calls.update", acts=False, times=1)
        await telephone.end(ana, handling)
        await telephone.voice.connections.settled()  # as above
        await telephone.older(6)
        await telephone.tick()
        await browser.until("disconnected")
        await call.hears("1 to 5")


async def test_a_call_that_is_one_too_many_for_now_is_placed_later(telephone: Telephone) -> None:
    tom = await telephone.agent("Tom", phone=MOBILE)
    phone = telephone.standin.phone(MOBILE, presses="1")
    call = await telephone.customer()
    telephone.standin.faults.rest("calls.create", code=20429)
    handling = await telephone.accept(tom)
    await telephone.voice.connections.settled()
    assert (await telephone.handling(handling))["state"] == "connecting"
    await telephone.older(7)
    await telephone.tick()
    await telephone.together(call)
    assert len(phone.calls) == 1


async def accepted_by_the_dead(telephone: Telephone, agent: UUID) -> Any:
    """An accept whose process died before it called anybody."""
    telephone.house.contacts._hooks["accepted"].clear()
    return await telephone.accept(agent)


async def test_what_a_dead_process_left_is_called_by_another(telephone: Telephone) -> None:
    tom = await telephone.agent("Tom", phone=MOBILE)
    phone = telephone.standin.phone(MOBILE, presses="1")
    call = await telephone.customer()
    handling = await accepted_by_the_dead(telephone, tom)
    await telephone.older(4)
    await telephone.tick()
    await telephone.active(handling)
    await telephone.together(call)
    assert len(phone.calls) == 1


async def test_two_processes_that_call_the_same_agent_make_one_call(telephone: Telephone) -> None:
    tom = await telephone.agent("Tom", phone=MOBILE)
    phone = telephone.standin.phone(MOBILE, presses="1")
    await telephone.customer()
    handling = await accepted_by_the_dead(telephone, tom)
    await asyncio.gather(*(telephone.voice.connections.reach_out(handling) for _ in range(5)))
    await telephone.active(handling)
    assert len(phone.calls) == 1


async def test_a_contact_whose_end_was_lost_half_way_is_ended(telephone: Telephone) -> None:
    call = await over_unheard(telephone)

    async def ended() -> bool:
        await lose_half_way(telephone)
        await telephone.tick()
        return (await telephone.contact(call))["outcome"] == "abandoned"

    await until(ended, "the contact's end")


async def over_unheard(telephone: Telephone) -> Call:
    """A customer's call that is over, of which Twilio has said nothing."""
    telephone.standin.faults.drop("call-status")
    call = await telephone.customer()
    call.hang_up()
    await call.over()
    return call


async def lose_half_way(telephone: Telephone) -> None:
    """The leg is known to have ended, and the process died before the contact was."""
    await telephone.house.pool.execute(
        "update leg set state = 'ended', heard_at = now() - interval '4 seconds'"
    )


async def test_a_contact_without_any_leg_is_ended_when_its_call_is_over(house: House) -> None:
    async with opened(house, speed=8) as telephone:
        telephone.standin.faults.drop("call-status")
        call = await telephone.call()
        # Whoever presses nothing comes into line as well. A webhook without a leg hangs up, so it
        # is lost where none comes for a while: the line's silence begins here.
        await call.hears("stay on the line", within=15)
        await telephone.house.pool.execute("delete from leg")
        await telephone.house.pool.execute(
            "update contact set arrived_at = now() - interval '31 seconds'"
        )
        await telephone.tick()
        assert await telephone.state(call, "waiting"), "the call goes on"
        call.hang_up()
        await call.over()

        async def ended() -> bool:
            await telephone.tick()  # once more if the stand-in's API was slow to answer
            return (await telephone.contact(call))["outcome"] == "abandoned"

        await until(ended, "the contact's end")


async def test_a_conversation_whose_agent_is_gone_unnoticed_goes_back_in_line(
    telephone: Telephone,
) -> None:
    ana = await telephone.agent("Ana")
    call = await telephone.customer()
    handling = await telephone.accept(ana)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await telephone.together(call)
        await telephone.active(handling)
        await telephone.house.pool.execute(
            "update leg set state = 'ended', heard_at = now() - interval '11 seconds'"
            " where party = 'agent'"
        )
        await telephone.tick()
        assert (await telephone.handling(handling))["ending"] == "lost"
        assert await telephone.state(call, "waiting")


async def test_of_two_sweeps_at_once_one_works(telephone: Telephone) -> None:
    call = await over_unheard(telephone)
    async with telephone.house.pool.acquire() as other:
        await other.execute("select pg_advisory_lock($1)", LOCK)
        await lose_half_way(telephone)
        await telephone.tick()
        assert await telephone.state(call, "waiting")
        await other.execute("select pg_advisory_unlock($1)", LOCK)

    async def ended() -> bool:
        await lose_half_way(telephone)
        await telephone.tick()
        return await telephone.state(call, "ended")

    await until(ended, "the contact's end")


async def test_a_caller_left_in_an_empty_room_is_fetched_out(telephone: Telephone) -> None:
    ana = await telephone.agent("Ana")
    call = await telephone.customer()
    handling = await telephone.accept(ana)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await telephone.together(call)
        await telephone.active(handling)
        # given back by another process, which died before it dropped the agent
        telephone.house.contacts._hooks["released"].clear()
        await telephone.house.contacts.release(handling, "lost")
        await telephone.house.pool.execute("update leg set state = 'joined' where party = 'caller'")
        await telephone.older(11)
        await telephone.tick()
        await call.hears("in line")


async def test_a_callback_without_an_answer_of_the_api_rings_once(telephone: Telephone) -> None:
    call = await telephone.customer()
    await call.hears("press 1")
    call.press("1")
    await call.hears("ends in")
    call.press("1")
    await call.over()
    ana = await telephone.agent("Ana")
    phone = telephone.standin.phone(CUSTOMER, answers="human")
    handling = await telephone.accept(ana)
    telephone.standin.faults.rest("calls.create", acts=True)
    async with Browser.open(telephone.standin, ana) as browser:
        await browser.dial(handling)
        await telephone.active(handling)  # the call itself tells us its SID
        await telephone.together(phone.calls[0])
        await telephone.older(7)
        await telephone.tick()
        assert len(phone.calls) == 1
