"""The real SDK against the stand-in's REST API."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import aiohttp
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from router.standin import Standin
from router.standin.facts import FACTS
from tests.standin.service import CALLER, NUMBER, Service, playing, response, until
from tests.standin.test_conferences import enter, room

PHONE = "+49305550001"


def client_of(standin: Standin, http: AsyncTwilioHttpClient, secret: str = "") -> Client:
    config = standin.config
    client = Client(
        config.api_key_sid,
        secret or config.api_key_secret,
        config.account_sid,
        http_client=http,
    )
    client.api.base_url = standin.base_url
    return client


@pytest.fixture
async def http() -> AsyncIterator[AsyncTwilioHttpClient]:
    async with AsyncTwilioHttpClient(timeout=10) as http:
        yield http


@pytest.fixture
def twilio(standin: Standin, http: AsyncTwilioHttpClient) -> Client:
    return client_of(standin, http)


async def refused(code: int, act: object) -> TwilioRestException:
    """The SDK's error, with Twilio's code, HTTP status and the page about it."""
    with pytest.raises(TwilioRestException) as caught:
        await act  # type: ignore[misc]  # a coroutine of whatever the SDK returns
    error = caught.value
    assert error.code == code, error
    assert error.status == FACTS[code].status
    return error


async def test_a_call_is_placed_and_its_way_is_told(
    service: Service, standin: Standin, twilio: Client
) -> None:
    phone = standin.phone(PHONE, presses="1")
    service.says("/agent-leg", "<Gather numDigits='1' action='/take'><Say>Press 1</Say></Gather>")
    service.says("/take", "<Say>Thanks</Say>")
    made = await twilio.calls.create_async(
        to=PHONE,
        from_=NUMBER,
        url=service.url("/agent-leg"),
        status_callback=service.url("/leg"),
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        timeout=20,
        machine_detection="Enable",
    )
    assert (made.status, made.direction) == ("queued", "outbound-api")
    await service.asks("/leg", 4)
    asked = service.at("/agent-leg")[0]
    assert (asked["CallStatus"], asked["AnsweredBy"]) == ("in-progress", "human")
    assert (asked["From"], asked["To"], asked["CallSid"]) == (NUMBER, PHONE, made.sid)
    assert service.at("/take")[0]["Digits"] == "1"
    told = service.at("/leg")
    assert [p["CallStatus"] for p in told] == ["initiated", "ringing", "in-progress", "completed"]
    assert [p["SequenceNumber"] for p in told] == ["0", "1", "2", "3"]
    fetched = await twilio.calls(made.sid).fetch_async()
    assert (fetched.status, fetched.duration) == ("completed", told[-1]["CallDuration"])
    assert phone.calls[0].sid == made.sid
    assert standin.errors == []


@pytest.mark.parametrize(("how", "status"), [("busy", "busy"), ("no-answer", "no-answer")])
async def test_a_call_that_nobody_takes_ends_so(
    service: Service, standin: Standin, twilio: Client, how: str, status: str
) -> None:
    standin.phone(PHONE, answers=how)
    await twilio.calls.create_async(
        to=PHONE, from_=NUMBER, twiml="<Response/>", timeout=5, status_callback=service.url("/leg")
    )
    assert (await service.asks("/leg"))["CallStatus"] == status


async def test_a_mailbox_answers_and_is_told_apart(
    service: Service, standin: Standin, twilio: Client
) -> None:
    standin.phone(PHONE, answers="mailbox")
    service.says("/agent-leg", "<Gather timeout='5'/>")
    await twilio.calls.create_async(
        to=PHONE, from_=NUMBER, url=service.url("/agent-leg"), machine_detection="Enable"
    )
    assert (await service.asks("/agent-leg"))["AnsweredBy"] == "machine_start"


async def test_calls_over_the_rate_are_queued_and_can_be_cancelled(
    http: AsyncTwilioHttpClient,
) -> None:
    async with playing(calls_per_second=1, manual_clock=True) as (_service, standin):
        twilio = client_of(standin, http)
        standin.phone(PHONE, answers="held")
        legs = [
            await twilio.calls.create_async(to=PHONE, from_=NUMBER, twiml="<Response/>")
            for _ in range(3)
        ]
        assert [leg.queue_time for leg in legs] == ["0", "1000", "2000"]
        await standin.clock.advance(0.5)
        assert [standin.calls[leg.sid].status for leg in legs] == ["ringing", "queued", "queued"]
        await standin.clock.advance(1)
        assert standin.calls[legs[1].sid].status == "ringing"
        gone = await twilio.calls(legs[2].sid).update_async(status="canceled")
        assert gone.status == "canceled"
        await standin.clock.advance(5)
        assert len(standin.phone(PHONE).calls) == 2


async def test_a_waiting_caller_is_moved_into_a_room_by_address(
    service: Service, standin: Standin, twilio: Client
) -> None:
    service.says("/voice", "<Gather timeout='600' action='/keys'/>")
    service.says("/room", room(label="caller"))
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.asked()
    await twilio.calls(call.sid).update_async(url=service.url("/room"), method="POST")
    await service.asks("/conference")
    assert service.at("/room")[0]["CallSid"] == call.sid
    assert service.at("/keys") == []


async def test_a_call_that_is_moved_out_of_a_room_leaves_it_and_its_action_is_told_in_vain(
    service: Service, standin: Standin, twilio: Client
) -> None:
    caller = await enter(service, standin, room(label="caller", action="/done"))
    service.says("/done", "<Say>The action</Say>")
    service.says("/loop", "<Say>Back in line</Say><Pause length='60'/>")
    await twilio.calls(caller.sid).update_async(url=service.url("/loop"))
    await caller.hears("back in line")
    done = await service.asks("/done")
    assert done["CallStatus"] == "in-progress"
    assert "The action" not in caller.transcript.said
    left = next(
        p for p in service.at("/conference") if p["StatusCallbackEvent"] == "participant-leave"
    )
    assert left["ReasonParticipantLeft"] == "participant_updated_via_api"


async def test_a_call_is_ended_by_rest(service: Service, standin: Standin, twilio: Client) -> None:
    service.says("/voice", "<Pause length='600'/>")
    call = await standin.call(from_=CALLER, to=NUMBER)
    await service.asks("/voice")
    service.says("/voice", "<Say>x</Say><Pause length='600'/>")
    other = await standin.call(from_=CALLER, to=NUMBER)
    await other.hears("x")
    ended = await twilio.calls(other.sid).update_async(status="completed")
    assert ended.status == "completed"
    assert [c.sid for c in await twilio.calls.list_async(status="completed")] == [other.sid]
    call.hang_up()


async def test_a_call_that_is_gone_cannot_be_moved(
    service: Service, standin: Standin, twilio: Client
) -> None:
    service.says("/voice", "<Reject/>")
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.over()
    await refused(21220, twilio.calls(call.sid).update_async(url=service.url("/room")))
    await refused(21220, twilio.calls(call.sid).update_async(status="completed"))


async def test_a_call_that_rings_cannot_be_moved_and_one_that_talks_not_cancelled(
    service: Service, standin: Standin, twilio: Client
) -> None:
    standin.phone(PHONE, answers="held")
    leg = await twilio.calls.create_async(
        to=PHONE, from_=NUMBER, twiml="<Response><Pause length='600'/></Response>"
    )
    await until(lambda: standin.calls[leg.sid].status == "ringing", "ringing")
    await refused(21220, twilio.calls(leg.sid).update_async(url=service.url("/room")))
    standin.calls[leg.sid].pick_up()
    await standin.calls[leg.sid].reaches("in-progress")
    await refused(21220, twilio.calls(leg.sid).update_async(status="canceled"))


@pytest.mark.parametrize(
    ("code", "given"),
    [
        (21201, {"to": ""}),
        (21211, {"to": "030 1234"}),
        (21211, {"to": NUMBER}),
        (21211, {"to": "sip:nobody"}),
        (21213, {"from_": ""}),
        (21210, {"from_": "+4930999999"}),
        (21205, {"url": "/relative"}),
        (21205, {}),
        (21208, {"timeout": 0}),
        (32018, {"twiml": response("<Say>" + "x" * 4000 + "</Say>")}),
        (20001, {"status_callback": "https://a.example/", "status_callback_event": ["answerd"]}),
    ],
)
async def test_a_call_that_twilio_would_not_place_is_refused(
    standin: Standin, twilio: Client, code: int, given: dict[str, object]
) -> None:
    whole: dict[str, object] = {"to": PHONE, "from_": NUMBER}
    if code not in (21205, 32018):
        whole["twiml"] = "<Response/>"
    await refused(code, twilio.calls.create_async(**{**whole, **given}))  # type: ignore[arg-type]  # one wrong on purpose
    assert standin.calls == {}


async def test_inline_twiml_that_moves_a_call_needs_full_addresses(
    service: Service, standin: Standin, twilio: Client
) -> None:
    service.says("/voice", "<Say>x</Say><Pause length='600'/>")
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.hears("x")
    for verb in (
        "<Gather action='/keys'/>",
        "<Gather/>",
        "<Redirect>/next</Redirect>",
        "<Dial action='/done'><Conference waitUrl='/wait'>C</Conference></Dial>",
    ):
        await refused(15004, twilio.calls(call.sid).update_async(twiml=response(verb)))
    long = response("<Say>" + "x" * 4000 + "</Say>")
    await refused(32018, twilio.calls(call.sid).update_async(twiml=long))
    full = response(f"<Say>Moved</Say><Redirect>{service.url('/loop')}</Redirect>")
    service.says("/loop", "<Pause length='60'/>")
    await twilio.calls(call.sid).update_async(twiml=full)
    await call.hears("moved")


async def test_who_may_not_ask_is_refused(standin: Standin, http: AsyncTwilioHttpClient) -> None:
    await refused(20003, client_of(standin, http, "wrong").calls("CA1").fetch_async())
    config = standin.config
    by_token = Client(config.account_sid, config.auth_token, http_client=http)
    by_token.api.base_url = standin.base_url
    assert await by_token.calls.list_async() == []
    async with (
        aiohttp.ClientSession() as session,
        session.get(
            f"{standin.base_url}/2010-04-01/Accounts/{config.account_sid}/Calls.json"
        ) as answer,
    ):
        assert (answer.status, (await answer.json())["code"]) == (401, 20003)


async def test_what_does_not_exist_is_not_found(twilio: Client) -> None:
    await refused(20404, twilio.calls("CA" + "0" * 32).fetch_async())
    await refused(20404, twilio.conferences("CF" + "0" * 32).fetch_async())
    await refused(20404, twilio.conferences("CF1").participants("x").fetch_async())


async def test_hold_mute_and_coaching_are_set_and_told(
    service: Service, standin: Standin, twilio: Client
) -> None:
    service.says("/hold", "<Say>One moment</Say>")
    caller = await enter(service, standin, room(label="caller"))
    agent = await enter(service, standin, room(label="agent", more="endConferenceOnExit='true'"))
    boss = await enter(service, standin, room(label="boss", more="muted='true'"))
    (listed,) = await twilio.conferences.list_async(friendly_name="C1", status="in-progress")
    people = twilio.conferences(listed.sid).participants
    assert len(await people.list_async()) == 3
    held = (
        await twilio.conferences(listed.sid)
        .participants("caller")
        .update_async(hold=True, hold_url=service.url("/hold"), hold_method="POST")
    )
    assert held.hold is True
    await caller.hears("one moment")
    await (
        twilio.conferences(listed.sid)
        .participants(agent.sid)
        .update_async(end_conference_on_exit=False)
    )
    await refused(
        16027,
        twilio.conferences(listed.sid)
        .participants("boss")
        .update_async(coaching=True, call_sid_to_coach=caller.sid),
    )
    await refused(
        13240,
        twilio.conferences(listed.sid)
        .participants("boss")
        .update_async(coaching=True, call_sid_to_coach="CAnobody"),
    )
    whispering = (
        await twilio.conferences(listed.sid)
        .participants("boss")
        .update_async(muted=False, coaching=True, call_sid_to_coach=agent.sid)
    )
    assert whispering.call_sid_to_coach == agent.sid
    await twilio.conferences(listed.sid).participants("caller").update_async(hold=False)
    await service.asks("/conference", 9)
    assert service.events()[4:] == [
        "participant-hold",
        "participant-modify",
        "participant-unmute",
        "participant-modify",
        "participant-unhold",
    ]
    agent.hang_up()
    await agent.over()
    assert standin.rooms["C1"].people.keys() == {caller.sid, boss.sid}
    ended = await twilio.conferences(listed.sid).update_async(status="completed")
    assert (ended.status, ended.reason_conference_ended) == (
        "completed",
        "conference-ended-via-api",
    )
    assert await caller.over() == "completed"
    await refused(20404, twilio.conferences(listed.sid).participants("caller").fetch_async())


async def test_keys_cannot_be_asked_for_on_hold(
    service: Service, standin: Standin, twilio: Client
) -> None:
    service.says("/hold", "<Gather><Say>Press one</Say></Gather>")
    caller = await enter(service, standin, room(label="caller"))
    await enter(service, standin, room())
    sid = standin.rooms["C1"].sid
    await (
        twilio.conferences(sid)
        .participants("caller")
        .update_async(hold=True, hold_url=service.url("/hold"))
    )
    await until(lambda: bool(standin.errors), "the error")
    assert [error.code for error in standin.errors] == [13238]
    (asked,) = [asked for asked in service.asked if asked.path == "/hold"]
    assert asked.method == "GET", "HoldMethod is GET unless it is given"
    assert not caller.over_now


async def test_somebody_is_called_into_a_room(
    service: Service, standin: Standin, twilio: Client
) -> None:
    phone = standin.phone(PHONE, answers_after=3)
    made = await twilio.conferences("C1").participants.create_async(
        from_=NUMBER,
        to=PHONE,
        label="attempt-1",
        end_conference_on_exit=True,
        conference_status_callback=service.url("/conference"),
        conference_status_callback_event=["join", "leave", "end"],
    )
    again = twilio.conferences("C1").participants.create_async(
        from_=NUMBER, to=PHONE, label="attempt-1"
    )
    await refused(16026, again)
    bad = twilio.conferences("C1").participants.create_async(from_=NUMBER, to=PHONE, label="a/b")
    await refused(16024, bad)
    params = await service.asks("/conference")
    assert (params["CallSid"], params["ParticipantLabel"]) == (made.call_sid, "attempt-1")
    removed = await twilio.conferences(made.conference_sid).participants("attempt-1").delete_async()
    assert removed is True
    assert await phone.calls[0].over() == "completed"
    await service.asks("/conference", 3)
    assert service.events() == ["participant-join", "participant-leave", "conference-end"]


async def test_a_room_hears_of_somebody_who_did_not_come(
    service: Service, standin: Standin, twilio: Client
) -> None:
    standin.phone(PHONE, answers="busy")
    await twilio.conferences("C1").participants.create_async(
        from_=NUMBER,
        to=PHONE,
        label="attempt-1",
        conference_status_callback=service.url("/conference"),
        conference_status_callback_event=["join", "leave", "end"],
    )
    await service.asks("/conference", 2)
    left = service.at("/conference")[0]
    assert left["ReasonParticipantLeft"] == "participant_add_failed"
    assert left["ParticipantCallStatus"] == "busy"
    assert "C1" not in standin.rooms


async def test_somebody_who_still_rings_is_called_off(standin: Standin, twilio: Client) -> None:
    phone = standin.phone(PHONE, answers="held")
    made = await twilio.conferences("C1").participants.create_async(
        from_=NUMBER, to=PHONE, label="attempt-1"
    )
    await until(lambda: bool(phone.calls), "it rings")
    found = await twilio.conferences(made.conference_sid).participants("attempt-1").fetch_async()
    assert found.status == "ringing"
    await twilio.conferences(made.conference_sid).participants("attempt-1").delete_async()
    assert await phone.calls[0].over() == "canceled"


async def test_a_recording_s_sound_is_silence_of_its_length(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", "<Record action='/recorded' timeout='60'/>")
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.asked()
    call.speak()
    call.press("#")
    params = await service.asks("/recorded")
    config = standin.config
    who = f"{config.account_sid}:{config.auth_token}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(who).decode()}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(params["RecordingUrl"] + ".wav") as answer:
            sound = await answer.read()
            assert answer.content_type == "audio/x-wav"
        async with session.get(params["RecordingUrl"]) as answer:
            assert await answer.read() == sound
        async with session.delete(params["RecordingUrl"] + ".json") as answer:
            assert answer.status == 204
        async with session.get(params["RecordingUrl"] + ".wav") as answer:
            assert answer.status == 404
    assert len(sound) == 44 + 8000 * int(params["RecordingDuration"])
