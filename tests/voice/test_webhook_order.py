"""Whatever Twilio repeats, and whenever it comes: one contact, and the answer of its state."""

from __future__ import annotations

import itertools
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.voice.conftest import PLAIN, PUBLIC, Exchange, sid

# what a caller's call brings, in the order in which it makes sense
NAMES = ("incoming", "who", "wait", "key", "confirm", "status-ringing", "status-done")


_numbers = itertools.count(100_000)


class Story:
    """One call's webhooks; an address that was never given out is taken from the pattern."""

    def __init__(self, exchange: Exchange):
        self.exchange = exchange
        self.call = sid()
        # a caller of their own: two callbacks to one number would become one
        self.number = f"+4915112{next(_numbers):06d}"
        self.contact: str | None = None

    async def send(self, name: str) -> str:
        post, call = self.exchange.ask, self.call
        if name == "incoming":
            answer = await post(
                "/twilio/voice/incoming",
                CallSid=call,
                To=PLAIN,
                From=self.number,
                CallStatus="ringing",
            )
            found = re.search(rf"{PUBLIC}/twilio/voice/([0-9a-f-]{{36}})/", answer)
            self.contact = self.contact or (found[1] if found else None)
            return answer
        base = f"/twilio/voice/{self.contact}"
        match name:
            case "who":
                return await post(f"{base}/who?turn=1", CallSid=call, Digits="*")
            case "wait":
                return await post(f"{base}/wait", CallSid=call)
            case "key":
                return await post(f"{base}/wait?turn=2", CallSid=call, Digits="1")
            case "confirm":
                return await post(f"{base}/confirm?turn=3", CallSid=call, Digits="1")
            case "status-ringing":
                return await post("/twilio/voice/status", CallSid=call, CallStatus="ringing")
            case _:
                return await post("/twilio/voice/status", CallSid=call, CallStatus="completed")


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=12))
async def test_any_sequence_of_webhooks_is_one_contact_and_each_repeat_hears_the_same(
    exchange: Exchange, names: list[str]
) -> None:
    story = Story(exchange)
    for name in ("incoming", *names):
        first = await story.send(name)
        assert await story.send(name) == first, name
        assert await story.send(name) == first, name
    rows = await exchange.house.pool.fetch(
        "select id, state, outcome, callback_to from contact where provider_key = $1",
        f"voice:{story.call}",
    )
    assert len(rows) == 1
    legs = await exchange.house.pool.fetch("select * from leg where contact_id = $1", rows[0]["id"])
    assert [leg["call_sid"] for leg in legs] == [story.call]
    # an outcome, once there, is the only one in the timeline
    ends = await exchange.house.pool.fetchval(
        "select count(*) from contact_event where contact_id = $1 and kind = 'ended'",
        rows[0]["id"],
    )
    assert ends == (rows[0]["state"] == "ended")
    if "status-done" in names and rows[0]["callback_to"] is None:
        assert rows[0]["outcome"] == "abandoned"


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
async def test_late_repeats_between_the_steps_of_a_call_do_not_change_where_it_leads(
    exchange: Exchange, data: st.DataObject
) -> None:
    story, sent = Story(exchange), []
    for name in ("incoming", "who", "key", "confirm", "status-done"):
        await story.send(name)
        sent.append(name)
        for late in data.draw(st.lists(st.sampled_from(sent), max_size=3)):
            await story.send(late)
    contact = await exchange.contact(story.call)
    assert (contact["state"], contact["callback_to"]) == ("waiting", story.number)
    kinds = await exchange.house.pool.fetch(
        "select kind from contact_event where contact_id = $1 order by seq", contact["id"]
    )
    assert [row["kind"] for row in kinds] == ["queued", "callback"]
