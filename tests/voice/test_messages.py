"""Callers who leave a message, are offered something else, or come out of hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from router.channels.voice.sweep import Sweep
from tests.house import until
from tests.voice.conftest import Exchange, sid
from tests.voice.test_webhooks import address, incoming

NEVER: dict[str, Any] = {"weekly": {}}
POLICY = {"steps": [{"tiers": [1]}], "voicemail": True, "voicemail_hours": 4}


async def waiting(exchange: Exchange, call: str) -> str:
    asked = await incoming(exchange, call)
    return await exchange.ask(address(asked, "who"), CallSid=call, Digits="*")


async def recording(exchange: Exchange, call: str) -> str:
    """A caller in line presses 2; the address that the recording is told to."""
    heard = await waiting(exchange, call)
    heard = await exchange.ask(address(heard, "wait"), CallSid=call, Digits="2")
    assert "<Record" in heard
    return address(heard, "recorded")


async def recorded(exchange: Exchange, call: str, to: str) -> str:
    return await exchange.ask(
        to,
        CallSid=call,
        RecordingSid="RE" + "a" * 32,
        RecordingUrl="https://api.twilio.com/x/Recordings/RE",
        RecordingDuration="12",
    )


async def hangs_up(exchange: Exchange, call: str) -> None:
    await exchange.ask("/twilio/voice/status", CallSid=call, CallStatus="completed")


async def notes(exchange: Exchange, contact: UUID, *, staff: bool) -> list[Any]:
    entries = await exchange.house.conversations.read(
        exchange.house.workspace, contact, 0, staff=staff
    )
    return [entry for entry in entries if entry.kind == "voicemail"]


async def test_a_message_is_kept_once_offered_and_owned_until_an_agent_closes_it(
    exchange: Exchange,
) -> None:
    house = exchange.house
    await house.queue("customers", POLICY)
    call = sid()
    to = await recording(exchange, call)
    agent = await house.agent("Ana")
    assert await house.offer(agent) is None, "who is speaking a message is offered to nobody"
    for _ in range(3):
        assert "Thank you for your message" in await recorded(exchange, call, to)
    await hangs_up(exchange, call)
    contact = await exchange.contact(call)
    assert contact["outcome"] is None
    assert (contact["due_at"] - contact["line_at"]).total_seconds() == 4 * 3600
    kept = await notes(exchange, contact["id"], staff=True)
    assert [note.data["seconds"] for note in kept] == [12]
    assert await notes(exchange, contact["id"], staff=False) == []

    assert await until(lambda: house.offered(agent), "the message is offered") == contact["id"]
    handling = await house.accept(agent)
    assert (handling.state, handling.connected_at) == ("active", None)
    await exchange.settled()
    assert exchange.provider.count("call") == 0, "nobody is called to hear a message"
    await house.contacts.end(house.workspace, contact["id"], outcome="voicemail", by="agent")
    assert (await exchange.contact(call))["outcome"] == "voicemail"


async def test_an_agent_lost_with_a_message_in_hand_loses_it_to_the_line(
    exchange: Exchange,
) -> None:
    house = exchange.house
    await house.queue("customers", POLICY)
    call = sid()
    to = await recording(exchange, call)
    await recorded(exchange, call, to)
    await hangs_up(exchange, call)
    agent = await house.agent("Ana")
    await house.accept(agent)
    await house.contacts.desk_lost(house.workspace, agent)
    contact = await exchange.contact(call)
    assert contact["state"] == "waiting"
    assert contact["head_start"] == contact["arrived_at"] - contact["due_at"]
    other = await house.agent("Ben")
    assert await house.offered(other) == contact["id"]


async def test_a_message_waits_behind_callers_until_its_deadline_and_then_goes_ahead(
    exchange: Exchange,
) -> None:
    house = exchange.house
    await house.queue("customers", POLICY)
    call = sid()
    await recorded(exchange, call, await recording(exchange, call))
    message = (await exchange.contact(call))["id"]
    chat = await house.arrive(channel="chat")
    agent = await house.agent("Ana")
    assert await house.offered(agent) == chat.id
    await house.serve(agent)
    assert await until(lambda: house.offered(agent), "then the message") == message
    await house.contacts.set_presence(house.workspace, agent, "offline")
    # overdue
    await house.pool.execute(
        "update contact set due_at = now() - interval '1 h', arrived_at = now() - interval '5 h',"
        " head_start = interval '-4 h', generation = generation + 1 where id = $1",
        message,
    )
    await house.redis.flushall()
    await house.rebuilder.ensure(house.workspace)
    await house.arrive(channel="chat")
    ben = await house.agent("Ben")
    assert await house.offered(ben) == message


async def test_the_callers_hanging_up_may_be_told_before_the_recording(exchange: Exchange) -> None:
    await exchange.house.queue("customers", POLICY)
    call = sid()
    to = await recording(exchange, call)
    await hangs_up(exchange, call)
    assert (await exchange.contact(call))["outcome"] is None
    await recorded(exchange, call, to)
    assert (await exchange.contact(call))["due_at"] is not None


async def test_a_recording_that_was_never_reported_is_asked_for_before_it_is_given_up(
    exchange: Exchange,
) -> None:
    house = exchange.house
    await house.queue("customers", POLICY)
    spoken, silent = sid(), sid()
    for call in (spoken, silent):
        await recording(exchange, call)
        await hangs_up(exchange, call)
    exchange.provider.recorded[spoken] = [
        {"recording": "RE1", "address": "https://x", "seconds": 4}
    ]
    sweep = Sweep(exchange.voice, house.pool)
    await sweep.tick()
    assert exchange.provider.count("recordings") == 0
    await house.pool.execute("update leg set heard_at = now() - interval '21 s'")
    for _ in range(2):
        await sweep.tick()
    kept, given_up = await exchange.contact(spoken), await exchange.contact(silent)
    assert (kept["state"], kept["due_at"] is not None) == ("waiting", True)
    assert given_up["outcome"] == "abandoned"
    assert len(await notes(exchange, kept["id"], staff=True)) == 1
    # what lies there for hours is nothing for the sweep
    before = len(exchange.provider.made)
    await house.pool.execute("update leg set heard_at = now() - interval '1 h'")
    await sweep.tick()
    assert len(exchange.provider.made) == before


async def test_out_of_hours_a_caller_hears_why_and_may_leave_a_message(exchange: Exchange) -> None:
    house = exchange.house
    closed = {"to": "voicemail", "message": {"en": "We are back at eight."}}
    await house.queue("customers", {**POLICY, "hours": "never", "closed": closed})
    await house.pool.execute("update workspace set policy = $1", {"schedules": {"never": NEVER}})
    call = sid()
    heard = await waiting(exchange, call)
    assert "We are back at eight." in heard
    assert "<Record" in heard
    await recorded(exchange, call, address(heard, "recorded"))
    assert (await exchange.contact(call))["due_at"] is not None


async def test_out_of_hours_the_message_is_said_and_the_call_ends(exchange: Exchange) -> None:
    house = exchange.house
    closed = {"to": "close", "message": {"en": "We are back at eight."}}
    await house.queue("customers", {**POLICY, "hours": "never", "closed": closed})
    await house.pool.execute("update workspace set policy = $1", {"schedules": {"never": NEVER}})
    call = sid()
    heard = await waiting(exchange, call)
    assert "We are back at eight." in heard
    assert "<Hangup" in heard
    contact = await exchange.contact(call)
    assert (contact["outcome"], contact["ended_by"]) == ("closed", "system")


async def led(exchange: Exchange, call: str, then: dict[str, Any]) -> str:
    """A caller who has waited long enough for this; what they hear then."""
    house = exchange.house
    overflow = [{"on": "wait", "most": 0, "then": then}]
    await house.queue("customers", {**POLICY, "overflow": overflow})
    await waiting(exchange, call)
    contact = await exchange.contact(call)
    await house.contacts.leave_line(
        house.workspace, contact["id"], contact["generation"], 1000, alone=False
    )
    await exchange.settled()
    moved = exchange.provider.last("move")
    assert moved[1] == call
    return await exchange.ask(moved[2], CallSid=call)


async def test_after_its_wait_a_caller_is_offered_a_callback_once(exchange: Exchange) -> None:
    call = sid()
    heard = await led(exchange, call, {"to": "callback", "message": {"en": "It takes long."}})
    assert "It takes long." in heard
    assert "press 1" in heard
    again = await exchange.ask(address(heard, "offer"), CallSid=call, Digits="")
    assert "It takes long." not in again
    heard = await exchange.ask(address(again, "wait"), CallSid=call, Digits="1")
    await exchange.ask(address(heard, "confirm"), CallSid=call, Digits="1")
    contact = await exchange.contact(call)
    assert (contact["state"], contact["callback_to"]) == ("waiting", "+4915112345678")


async def test_after_its_wait_a_caller_is_asked_for_a_message(exchange: Exchange) -> None:
    call = sid()
    heard = await led(exchange, call, {"to": "voicemail"})
    assert "<Record" in heard
    await recorded(exchange, call, address(heard, "recorded"))
    assert (await exchange.contact(call))["state"] == "waiting"


async def test_after_its_wait_a_caller_hears_why_the_call_ends(exchange: Exchange) -> None:
    call = sid()
    heard = await led(exchange, call, {"to": "close", "message": {"en": "Call us on Monday."}})
    assert "Call us on Monday." in heard
    assert "<Hangup" in heard
    assert (await exchange.contact(call))["outcome"] == "closed"


async def test_a_caller_chooses_a_time_and_is_called_then(exchange: Exchange) -> None:
    call = sid()
    heard = await waiting(exchange, call)
    times = await exchange.ask(address(heard, "wait"), CallSid=call, Digits="3")
    assert "press 2" in times
    heard = await exchange.ask(address(times, "times"), CallSid=call, Digits="2")
    assert "ends in 5 6 7 8" in heard
    for _ in range(2):
        kept = await exchange.ask(address(heard, "confirm"), CallSid=call, Digits="1")
        assert "We will call you on" in kept
    contact = await exchange.contact(call)
    assert (contact["state"], contact["callback_to"]) == ("arriving", "+4915112345678")
    assert await exchange.house.pool.fetchval("select at > now() from callback")
    await hangs_up(exchange, call)
    assert (await exchange.contact(call))["outcome"] is None


async def test_out_of_hours_a_caller_chooses_a_time_or_is_let_go(exchange: Exchange) -> None:
    house = exchange.house
    closed = {"to": "callback", "message": {"en": "We are back at eight."}}
    await house.queue("customers", {**POLICY, "hours": "later", "closed": closed})
    later = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    hours = {"exceptions": [{"date": later, "hours": ["10:00-12:00"]}], "time_zone": "UTC"}
    await house.pool.execute("update workspace set policy = $1", {"schedules": {"later": hours}})
    chooses, leaves = sid(), sid()
    for call in (chooses, leaves):
        heard = await waiting(exchange, call)
        assert "We are back at eight." in heard
        assert "When shall we call you?" in heard
    heard = await exchange.ask(address(heard, "times"), CallSid=leaves, Digits="")
    assert "<Hangup" in heard
    assert (await exchange.contact(leaves))["outcome"] == "closed"
    progress = await exchange.voice.legs.get(chooses)
    assert progress is not None
    turn = progress.data["progress"]["turn"]
    base = f"/twilio/voice/{progress.contact_id}"
    heard = await exchange.ask(f"{base}/times?turn={turn}", CallSid=chooses, Digits="1")
    await exchange.ask(address(heard, "confirm"), CallSid=chooses, Digits="1")
    at = await house.pool.fetchval("select at from callback")
    assert at.strftime("%Y-%m-%d %H:%M") == f"{later} 10:00"


async def test_a_number_that_may_not_be_called_is_refused_aloud(exchange: Exchange) -> None:
    call = sid()
    asked = await incoming(exchange, call, From="anonymous")
    heard = await exchange.ask(address(asked, "who"), CallSid=call, Digits="*")
    heard = await exchange.ask(address(heard, "wait"), CallSid=call, Digits="1")
    heard = await exchange.ask(address(heard, "number"), CallSid=call, Digits="09001234567")
    heard = await exchange.ask(address(heard, "confirm"), CallSid=call, Digits="1")
    assert "we cannot call that number" in heard
    assert (await exchange.contact(call))["callback_to"] is None


async def test_beyond_the_days_money_nobody_is_called_and_it_is_promised_for_tomorrow(
    exchange: Exchange,
) -> None:
    house = exchange.house
    agent = await house.agent("Ana", presence="offline")
    call = sid()
    heard = await waiting(exchange, call)
    heard = await exchange.ask(address(heard, "wait"), CallSid=call, Digits="1")
    await exchange.ask(address(heard, "confirm"), CallSid=call, Digits="1")
    await hangs_up(exchange, call)
    limits = {"callbacks": {"cents_a_minute": {"default": 10}, "cents_a_day": 29}}
    await house.pool.execute("update workspace set policy = $1", limits)
    await house.contacts.set_presence(house.workspace, agent, "available")
    handling = await house.accept(agent)
    await exchange.voice.connections.connect(handling.id)
    assert exchange.provider.count("call") == 0
    contact = await exchange.contact(call)
    assert (contact["state"], contact["callback_tries"]) == ("arriving", 0)
    assert await house.pool.fetchval("select at > now() from callback")
    assert await house.pool.fetchval("select why from callback_refused") == "money"
