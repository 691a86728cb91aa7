"""Callbacks: promised times, one for each number, whom we call, what it may cost, never twice."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from typing import Any
from uuid import UUID

import msgspec
import pytest

from router.channels.records import Contact
from router.channels.spending import beyond, cents_of, may_not_be_called
from router.errors import Conflict, Invalid, TooMany
from router.queues.rules import CallbackRules
from tests.house import House
from tests.house import until as eventually

NUMBER = "+4915112345678"
OTHER = "+4915187654321"
PREMIUM = "+499001234567"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = {"weekly": {day: ["00:00-24:00"] for day in DAYS}}


async def rules(house: House, **callbacks: Any) -> None:
    await house.pool.execute(
        "update workspace set policy = $2 where id = $1",
        house.workspace,
        {"callbacks": callbacks, "schedules": {"always": ALWAYS, "never": {"weekly": {}}}},
    )


async def call(house: House, **more: Any) -> Contact:
    """A caller in line."""
    contact = await house.arrive(channel="voice", line=False, **more)
    return await house.contacts.enter(contact.id)


async def row(house: House, contact: UUID) -> Any:
    return await house.pool.fetchrow(
        "select c.*, k.at, k.waits_for, k.number from contact c"
        " left join callback k on k.contact_id = c.id where c.id = $1",
        contact,
    )


async def come_back(house: House) -> None:
    """What the sweep does each second."""
    for contact in await house.contacts.callbacks_due(0):
        await house.contacts.enter(contact)


async def due_now(house: House) -> None:
    await house.pool.execute("update callback set at = now() - interval '1 s' where at is not null")


# Whom, and for how much: pure ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "parts", "why"),
    [
        (NUMBER, {}, None),
        ("+12025550123", {}, "country"),
        ("+12025550123", {"countries": ["US"]}, None),
        (NUMBER, {"countries": ["US"]}, "country"),
        (PREMIUM, {}, "premium"),
        ("+491801234567", {}, "premium"),  # shared cost
        (PREMIUM, {"premium_ok": True}, None),
        ("+447012345678", {"countries": ["GB"]}, "premium"),  # a personal number
        ("+881612345678", {}, "country"),  # a satellite belongs to none
    ],
)
def test_whom_we_call(number: str, parts: dict[str, Any], why: str | None):
    assert may_not_be_called(msgspec.convert(parts, CallbackRules), number, "DE") == why


def test_each_begun_minute_costs_what_its_country_does():
    prices = CallbackRules(cents_a_minute={"DE": 2.0, "default": 30.0})
    assert [cents_of(prices, NUMBER, s) for s in (0, 1, 60, 61)] == [0, 2, 2, 4]
    assert cents_of(prices, "+12025550123", 5) == 30


def test_the_limits_are_those_of_the_day_and_of_the_number():
    most = CallbackRules(cents_a_day=100, cents_a_day_per_number=50)
    assert beyond(most, more=10, spent=90, spent_on_number=0) is None
    assert beyond(most, more=11, spent=90, spent_on_number=0) == "money"
    assert beyond(most, more=10, spent=60, spent_on_number=45) == "number_money"


# Keeping the place, and promised times -----------------------------------------------------


async def test_a_caller_who_is_to_be_called_keeps_place_and_arrival(house: House):
    contact = await call(house)
    kept = await house.contacts.callback(contact.id, NUMBER)
    assert (kept.state, kept.callback_to, kept.arrived_at) == (
        "waiting",
        NUMBER,
        contact.arrived_at,
    )
    again = await house.contacts.callback(contact.id, NUMBER)
    assert again.generation == kept.generation


async def test_at_the_promised_time_it_enters_with_its_arrival_and_head_start(house: House):
    await rules(house, notice_minutes=0)
    contact = await call(house)
    at = (await house.contacts.offered_times(contact.queue_id))[0]
    promised = await house.contacts.callback(contact.id, NUMBER, at=at)
    assert promised.state == "arriving"
    agent = await house.agent("Ana")
    await come_back(house)
    assert await house.offer(agent) is None, "not before its time"
    await due_now(house)
    await come_back(house)
    entered = await row(house, contact.id)
    assert (entered["state"], entered["arrived_at"]) == ("waiting", contact.arrived_at)
    assert entered["head_start"] == dt.timedelta(seconds=900)
    assert await house.offered(agent) == contact.id


async def test_times_lie_in_opening_hours_and_hold_so_many(house: House):
    await rules(house, per_slot=1, slot_minutes=60, notice_minutes=0)
    await house.queue("customers", {"hours": "always"})
    queue = house.queues["customers"]
    times = await house.contacts.offered_times(queue, most=5)
    assert [later - sooner for sooner, later in itertools.pairwise(times)] == [
        dt.timedelta(hours=1)
    ] * 4
    first, second = await call(house), await call(house)
    done = await asyncio.gather(
        house.contacts.callback(first.id, NUMBER, at=times[0]),
        house.contacts.callback(second.id, OTHER, at=times[0]),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in done) == ["Contact", "Invalid"]
    assert (await house.contacts.offered_times(queue, most=1))[0] == times[1]
    with pytest.raises(Invalid) as refused:
        await house.contacts.callback(
            second.id, "+4915112222222", at=times[1] + dt.timedelta(minutes=1)
        )
    assert refused.value.field == "at"
    await house.queue("customers", {"hours": "never"})
    assert await house.contacts.offered_times(queue) == []


async def test_a_callback_that_comes_back_out_of_hours_waits_for_the_opening(house: House):
    contact = await call(house)
    await house.contacts.callback(contact.id, NUMBER)
    agent = await house.agent("Ana")
    handling = await house.accept(agent)
    assert await house.contacts.postpone(handling.id)
    tomorrow = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).strftime("%Y-%m-%d")
    hours = {"exceptions": [{"date": tomorrow, "hours": ["10:00-12:00"]}], "time_zone": "UTC"}
    await house.pool.execute("update workspace set policy = $1", {"schedules": {"tomorrow": hours}})
    await house.queue("customers", {"hours": "tomorrow"})
    await come_back(house)
    kept = await row(house, contact.id)
    assert kept["state"] == "arriving"
    assert kept["at"].strftime("%Y-%m-%d %H:%M") == f"{tomorrow} 10:00"


# Not twice ---------------------------------------------------------------------------------


async def test_two_callbacks_to_one_number_become_one(house: House):
    first, second = await call(house), await call(house)
    await house.contacts.callback(first.id, NUMBER)
    answer = await house.contacts.callback(second.id, NUMBER)
    assert (answer.state, answer.outcome) == ("ended", "merged")
    assert (await row(house, first.id))["state"] == "waiting"


async def test_at_once_they_become_one_as_well(house: House):
    contacts = [await call(house) for _ in range(4)]
    await asyncio.gather(*(house.contacts.callback(each.id, NUMBER) for each in contacts))
    rows = [await row(house, each.id) for each in contacts]
    assert sorted(each["outcome"] or "open" for each in rows) == ["merged"] * 3 + ["open"]


async def same_person(house: House, contact: Contact) -> Contact:
    """Another call of the same person, not in line yet."""
    other = await house.arrive(channel="voice", line=False)
    await house.pool.execute(
        "update contact set person_id = $2 where id = $1", other.id, contact.person_id
    )
    return other


async def test_whoever_calls_in_meanwhile_has_the_callbacks_place_and_is_called_no_more(
    house: House,
):
    waiting = await call(house)
    await house.contacts.callback(waiting.id, NUMBER)
    await house.pool.execute(
        "update contact set arrived_at = now() - interval '10 min' where id = $1", waiting.id
    )
    other = await same_person(house, waiting)
    entered = await house.contacts.enter(other.id)
    assert entered.head_start > dt.timedelta(minutes=9)
    assert (await row(house, waiting.id))["state"] == "arriving"
    await come_back(house)
    assert (await row(house, waiting.id))["state"] == "arriving", "the person is on the line"
    agent = await house.agent("Ana")
    handling = await house.accept(agent)
    assert handling.contact_id == other.id
    await house.contacts.connected(handling.id)
    await come_back(house)
    assert (await row(house, waiting.id))["outcome"] == "merged"


async def test_whoever_calls_in_and_gives_up_is_called_all_the_same(house: House):
    waiting = await call(house)
    await house.contacts.callback(waiting.id, NUMBER)
    other = await same_person(house, waiting)
    await house.contacts.enter(other.id)
    await house.contacts.end(house.workspace, other.id, outcome="abandoned", by="person")
    await come_back(house)
    kept = await row(house, waiting.id)
    assert (kept["state"], kept["arrived_at"]) == ("waiting", waiting.arrived_at)


async def test_whoever_talks_to_somebody_when_their_turn_comes_is_not_called(house: House):
    waiting = await call(house)
    await house.contacts.callback(waiting.id, NUMBER)
    chat = await house.arrive(channel="chat")
    await house.pool.execute(
        "update contact set person_id = $2 where id = $1", chat.id, waiting.person_id
    )
    assert await house.contacts.callback_stands(waiting.id)
    agent = await house.agent("Ana", capacity={"voice": 0, "chat": 1, "video": 0})
    await house.accept(agent)
    assert not await house.contacts.callback_stands(waiting.id)
    assert (await row(house, waiting.id))["outcome"] == "merged"


# Limits ------------------------------------------------------------------------------------


async def test_what_the_rules_do_not_allow_is_refused_and_kept_for_supervisors(house: House):
    await rules(house, per_number_a_day=1)
    contact = await call(house)
    with pytest.raises(Invalid) as refused:
        await house.contacts.callback(contact.id, PREMIUM)
    assert refused.value.field == "number"
    await house.contacts.callback(contact.id, NUMBER)
    second = await call(house)
    with pytest.raises(TooMany) as often:
        await house.contacts.callback(second.id, NUMBER)
    assert often.value.state == "number_often"
    kept = await house.pool.fetch("select why from callback_refused order by id")
    assert [each["why"] for each in kept] == ["premium", "number_often"]


async def test_calls_at_once_do_not_pass_the_limit_together(house: House):
    await rules(house, cents_a_minute={"default": 10}, cents_a_day=100)
    contact = await call(house)
    whys = await asyncio.gather(
        *(
            house.contacts.enter_cost(contact.id, f"intended:{UUID(int=n)}:caller:1", NUMBER)
            for n in range(6)
        )
    )
    assert sorted(str(why) for why in whys) == ["None"] * 3 + ["money"] * 3
    again = await house.contacts.enter_cost(contact.id, f"intended:{UUID(int=0)}:caller:1", NUMBER)
    assert again in (None, "money")
    assert await house.pool.fetchval("select sum(cents) from call_cost") == 90


async def test_a_call_that_is_over_costs_what_it_came_to(house: House):
    await rules(house, cents_a_minute={"default": 10})
    contact = await call(house)
    await house.contacts.callback(contact.id, NUMBER)
    agent = await house.agent("Ana")
    handling = await house.accept(agent)
    name = f"intended:{handling.id}:caller:1"
    await house.contacts.enter_cost(contact.id, name, NUMBER)
    assert await house.contacts.settle_costs() == 0
    await house.pool.execute(
        "insert into leg (call_sid, workspace_id, contact_id, handling_id, party, state, data)"
        " values ('CA1', $1, $2, $3, 'caller', 'ended', $4)",
        house.workspace,
        contact.id,
        handling.id,
        {"status": "completed", "seconds": 61},
    )
    assert await house.contacts.settle_costs() == 1
    cost = await house.pool.fetchrow("select seconds, cents from call_cost")
    assert cost is not None
    assert (cost["seconds"], float(cost["cents"])) == (61, 20.0)


# From elsewhere ----------------------------------------------------------------------------


async def phone(house: House) -> None:
    await house.pool.execute(
        "insert into entry_point (workspace_id, kind, address, name, customer_queue_id,"
        " expert_queue_id) values ($1, 'phone', '+4930111222', 'Line', $2, $3)",
        house.workspace,
        house.queues["customers"],
        house.queues["experts"],
    )


async def test_a_chat_that_waits_becomes_a_callback_with_its_arrival(house: House):
    await phone(house)
    chat = await house.arrive(channel="chat")
    made = await house.contacts.ask_callback(house.workspace, chat.id, NUMBER)
    assert (made.channel, made.state, made.arrived_at) == ("voice", "waiting", chat.arrived_at)
    assert (await row(house, chat.id))["outcome"] == "merged"
    again = await house.contacts.ask_callback(house.workspace, chat.id, NUMBER)
    assert again.id == made.id


async def test_an_agent_asks_for_a_time_for_somebody_whom_they_served(house: House):
    await phone(house)
    await rules(house, notice_minutes=0)
    chat = await house.arrive(channel="chat")
    agent = await house.agent("Ana")
    await house.serve(agent)
    at = (await house.contacts.offered_times(chat.queue_id))[0]
    made = await house.contacts.ask_callback(
        house.workspace, chat.id, NUMBER, at=at, by="agent", by_id=agent
    )
    assert made.state == "arriving"
    assert made.prefer_agent_id == agent
    await due_now(house)
    await come_back(house)
    assert await eventually(lambda: house.offered(agent), "the callback") == made.id


async def test_without_a_number_of_our_own_nobody_can_be_called(house: House):
    chat = await house.arrive(channel="chat")
    with pytest.raises(Conflict) as refused:
        await house.contacts.ask_callback(house.workspace, chat.id, NUMBER)
    assert refused.value.state == "no_phone"
    assert (await row(house, chat.id))["state"] == "waiting"


async def test_an_agent_calls_the_person_of_a_message_back(house: House):
    contact = await house.arrive(channel="voice", line=False)
    await house.contacts.enter(contact.id)
    await house.contacts.begin_message(contact.id)
    await house.contacts.leave_message(contact.id, {"recording": "RE1"})
    agent = await house.agent("Ana")
    heard = await house.accept(agent)
    assert heard.state == "active"
    await house.contacts.call_back(house.workspace, agent, contact.id, NUMBER)
    assert (await house.contacts.handling(heard.id)).ending == "transferred"
    assert await eventually(lambda: house.offered(agent), "it comes back") == contact.id
    calling = await house.accept(agent)
    assert calling.state == "connecting"
    with pytest.raises(Conflict):
        await house.contacts.call_back(house.workspace, agent, contact.id, NUMBER)
