"""A call from arrival to its end: webhooks, verbs, keys."""

from __future__ import annotations

import pytest
from aiohttp import web

from router.standin import Standin
from router.standin.steps import TROUBLE
from tests.standin.service import CALLER, NUMBER, Service, playing, response, until


async def test_a_call_asks_the_numbers_voice_url_with_signed_form_parameters(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", '<Say language="de-DE">Guten Tag</Say>')
    call = await standin.call(from_=CALLER, to=NUMBER)
    said = await call.hears("guten tag")
    assert said.language == "de-DE"
    assert await call.over() == "completed"
    asked = service.asked[0]
    assert (asked.method, asked.signed) == ("POST", True)
    expected = {
        "AccountSid": standin.config.account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": call.sid,
        "CallStatus": "ringing",
        "Direction": "inbound",
        "From": CALLER,
        "Caller": CALLER,
        "To": NUMBER,
        "Called": NUMBER,
        "FromCountry": "DE",
    }
    assert expected.items() <= asked.params.items()
    assert "StirVerstat" not in asked.params
    assert standin.errors == []


async def test_what_the_carrier_attests_comes_along_only_when_it_was_sent(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", "<Reject/>")
    await (await standin.call(from_=CALLER, to=NUMBER, stir="TN-Validation-Passed-A")).over()
    assert service.at("/voice")[0]["StirVerstat"] == "TN-Validation-Passed-A"


@pytest.mark.parametrize("withheld", ["anonymous", "+266696687", "+7378742833", ""])
async def test_a_withheld_number_is_sent_as_twilio_sends_it(
    service: Service, standin: Standin, withheld: str
) -> None:
    service.says("/voice", "<Reject/>")
    await (await standin.call(from_=withheld, to=NUMBER)).over()
    assert service.at("/voice")[0]["From"] == withheld
    if withheld == "+266696687":
        assert service.at("/voice")[0]["FromCountry"] == "LS"


async def test_the_number_s_status_callback_is_told_the_end(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", '<Pause length="5"/>')
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.over()
    params = await service.asks("/status")
    assert params["CallStatus"] == "completed"
    assert params["CallDuration"].isdigit()
    assert params["SequenceNumber"] == "0"
    assert params["CallbackSource"] == "call-progress-events"
    assert all(asked.signed for asked in service.asked)


async def test_keys_cut_the_prompt_and_go_to_the_action(service: Service, standin: Standin) -> None:
    long = "Please enter your number " * 40
    service.says("/voice", f'<Gather action="/keys" finishOnKey="#"><Say>{long}</Say></Gather>')
    service.says("/keys", "<Say>Thank you</Say>")
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.hears("please enter")
    assert call.press("4711#")
    await call.hears("thank you", 3)
    params = service.at("/keys")[0]
    assert (params["Digits"], params["FinishedOnKey"]) == ("4711", "#")
    assert params["CallStatus"] == "in-progress"


async def test_num_digits_ends_a_gather_without_a_finishing_key(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", '<Gather numDigits="1" timeout="30" action="/keys"/>')
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.asked()
    assert not call.press("12"), "the second key falls on deaf ears"
    params = await service.asks("/keys")
    assert (params["Digits"], params["FinishedOnKey"]) == ("1", "")


async def test_keys_without_a_finish_are_sent_when_the_time_is_up(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", '<Gather timeout="3" action="/keys"/>')
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.answers("47")
    assert (await service.asks("/keys"))["Digits"] == "47"


async def test_no_keys_fall_through_to_the_next_verb(service: Service, standin: Standin) -> None:
    service.says("/voice", '<Gather timeout="1" action="/keys"/><Say>Nothing came</Say>')
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.hears("nothing came")
    await call.over()
    assert service.at("/keys") == []


async def test_the_finishing_key_alone_falls_through_too(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", '<Gather timeout="30" action="/keys"/><Say>Nothing came</Say>')
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.answers("#")
    await call.hears("nothing came")
    assert service.at("/keys") == []


async def test_an_empty_result_is_sent_when_asked_for(service: Service, standin: Standin) -> None:
    service.says("/voice", '<Gather timeout="1" actionOnEmptyResult="true" action="/keys"/>')
    await standin.call(from_=CALLER, to=NUMBER)
    assert (await service.asks("/keys"))["Digits"] == ""


async def test_a_gather_without_an_action_asks_its_own_document_again(
    service: Service, standin: Standin
) -> None:
    service.replies["/voice"] = lambda params: response(
        "<Say>Got it</Say><Hangup/>" if params.get("Digits") else '<Gather timeout="30"/>'
    )
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.answers("5#")
    await call.hears("got it")


async def test_addresses_are_relative_to_their_own_document(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", "<Redirect>sub/one?a=1</Redirect>")
    service.says("/sub/one", '<Redirect method="GET">two</Redirect>')
    service.says("/sub/two", "<Play>bell.mp3</Play>")
    call = await standin.call(from_=CALLER, to=NUMBER)
    played = await call.hears("bell.mp3")
    assert played.data["url"] == service.url("/sub/bell.mp3")
    assert [(a.path, a.method) for a in service.asked[:3]] == [
        ("/voice", "POST"),
        ("/sub/one", "POST"),
        ("/sub/two", "GET"),
    ]
    assert all(asked.signed for asked in service.asked), "also a GET, over its whole query"


async def test_a_rejected_call_was_never_answered(service: Service, standin: Standin) -> None:
    service.says("/voice", '<Reject reason="busy"/>')
    call = await standin.call(from_=CALLER, to=NUMBER)
    assert await call.over() == "busy"
    assert call.answered_at is None
    assert (await service.asks("/status"))["CallStatus"] == "busy"


async def test_a_caller_who_hangs_up_ends_everything_at_once(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", '<Gather timeout="999" action="/keys"/>')
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.asked()
    call.hang_up()
    assert await call.over() == "completed"
    assert not call.press("1")
    assert (await service.asks("/status"))["CallStatus"] == "completed"
    assert service.at("/keys") == []


async def test_a_loop_says_each_round_anew(service: Service, standin: Standin) -> None:
    rounds = iter(range(1, 1000))
    service.replies["/voice"] = lambda _: response(
        f"<Say>You are number {next(rounds)}</Say><Redirect/>"
    )
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.hears("number 1")
    await call.hears("number 2")
    call.hang_up()
    await call.over()


async def test_a_message_is_recorded_and_its_sound_can_be_fetched(
    service: Service, standin: Standin
) -> None:
    service.says(
        "/voice",
        '<Record action="/recorded" timeout="30" recordingStatusCallback="/kept"/>',
    )
    service.says("/recorded", "<Hangup/>")
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.asked()
    call.speak("Please call me back")
    assert call.press("#")
    params = await service.asks("/recorded")
    assert params["Digits"] == "#"
    assert params["RecordingUrl"].startswith(standin.base_url)
    kept = await service.asks("/kept")
    assert kept["RecordingSid"] == params["RecordingSid"]
    assert kept["RecordingStatus"] == "completed"


async def test_an_empty_recording_asks_nothing_and_goes_on(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", '<Record action="/recorded" timeout="2"/><Say>Goodbye</Say>')
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.hears("goodbye")
    assert service.at("/recorded") == []


async def test_a_message_counts_also_when_the_caller_hangs_up(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", '<Record action="/recorded" timeout="60"/>')
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.asked()
    call.speak()
    call.hang_up()
    params = await service.asks("/recorded")
    assert (params["Digits"], params["CallStatus"]) == ("hangup", "completed")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (web.Response(status=500), 11200),
        (web.Response(text="hello", content_type="text/plain"), 12300),
        (web.Response(text="<Response><Say>", content_type="text/xml"), 12100),
        (web.Response(text="<Answer/>", content_type="text/xml"), 12100),
        (web.Response(text=" <?xml version='1.0'?><Response/>", content_type="text/xml"), 12100),
        (web.Response(text=f"<Response><!--{'x' * 70000}--></Response>",
                      content_type="text/xml"), 11750),
    ],
)  # fmt: skip
async def test_a_document_that_cannot_be_run_is_an_application_error(
    service: Service, standin: Standin, reply: web.Response, code: int
) -> None:
    service.replies["/voice"] = lambda _: web.Response(
        text=reply.text, status=reply.status, content_type=reply.content_type
    )
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.hears(TROUBLE)
    assert await call.over() == "completed"
    assert [error.code for error in standin.errors] == [code]
    assert standin.errors[0].call_sid == call.sid
    assert standin.errors[0].source.endswith(f"/{code}")


async def test_an_answer_that_is_too_late_is_an_application_error() -> None:
    async with playing(webhook_timeout=0.1) as (service, standin):

        async def late(_: dict[str, str]) -> str:
            import asyncio

            await asyncio.sleep(0.5)
            return response("<Say>Too late</Say>")

        service.replies["/voice"] = late
        call = await standin.call(from_=CALLER, to=NUMBER)
        await call.hears(TROUBLE)
        assert [error.code for error in standin.errors] == [11200]


async def test_an_unknown_verb_or_attribute_is_a_warning_and_left_out(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", '<say>no</say><Say tone="high">yes</Say><Gather><Dial/></Gather>')
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.over()
    assert call.transcript.said == ["yes"]
    assert [error.code for error in standin.errors] == [12200, 12200, 12200]
    assert all(error.warning for error in standin.errors)


async def test_a_verb_that_the_stand_in_does_not_speak_is_refused_aloud(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", "<Enqueue>support</Enqueue>")
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.hears("application error")
    assert "does not speak Enqueue" in standin.errors[0].message


async def test_an_attribute_that_is_not_played_is_said_and_the_call_goes_on(
    service: Service, standin: Standin
) -> None:
    service.says(
        "/voice", "<Dial record='record-from-answer' action='/done'><Client>a</Client></Dial>"
    )
    await (await standin.call(from_=CALLER, to=NUMBER)).over()
    assert "does not speak record='record-from-answer' of Dial" in standin.errors[0].message
    assert service.at("/done")[0]["DialCallStatus"] == "no-answer"


async def test_time_passes_by_hand_when_asked_to() -> None:
    async with playing(manual_clock=True) as (service, standin):
        service.says("/voice", '<Pause length="60"/><Redirect>/next</Redirect>')
        service.says("/next", '<Say>Hello</Say><Pause length="10"/>')
        call = await standin.call(from_=CALLER, to=NUMBER)
        await standin.clock.advance(59)
        assert service.at("/next") == []
        await standin.clock.advance(2)
        assert call.transcript.said == ["Hello"]
        assert not call.over_now
        await standin.clock.advance(11)
        assert call.status == "completed"


async def test_new_parameters_may_come_at_any_time() -> None:
    async with playing(extra_params={"Weather": "fine"}) as (service, standin):
        service.says("/voice", "<Reject/>")
        await (await standin.call(from_=CALLER, to=NUMBER)).over()
        assert service.at("/voice")[0]["Weather"] == "fine"
        assert all(asked.signed for asked in service.asked)


async def test_only_numbers_of_the_account_can_be_called(standin: Standin) -> None:
    with pytest.raises(LookupError, match="is not a number of this account"):
        await standin.call(from_=CALLER, to="+4930999")


async def test_a_call_with_nothing_to_do_is_answered_and_ended(
    service: Service, standin: Standin
) -> None:
    service.says("/voice")
    call = await standin.call(from_=CALLER, to=NUMBER)
    assert await call.over() == "completed"
    await until(lambda: len(service.at("/status")) == 1, "the status callback")
