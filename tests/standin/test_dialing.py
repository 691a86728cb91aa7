"""Dial to phones, softphones and SIP addresses."""

from __future__ import annotations

import pytest

from router.standin import Standin
from tests.standin.service import CALLER, NUMBER, Service

PHONE = "+49305550001"


def dial(nouns: str, attributes: str = "action='/done'") -> str:
    return f"<Dial {attributes}>{nouns}</Dial><Say>Nobody was there</Say>"


async def test_the_called_party_is_connected_until_one_hangs_up(
    service: Service, standin: Standin
) -> None:
    phone = standin.phone(PHONE, answers_after=1)
    service.says("/voice", dial(PHONE))
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.reaches("in-progress")
    while not phone.calls:
        await standin.clock.sleep(0.2)
    leg = phone.calls[0]
    await leg.transcript.next(lambda part: part.kind == "conference", 5, "bridge")
    assert (leg.direction, leg.parent, leg.from_) == ("outbound-dial", call, CALLER)
    leg.hang_up()
    params = await service.asks("/done")
    assert params["DialCallStatus"] == "completed"
    assert params["DialCallSid"] == leg.sid
    assert params["DialBridged"] == "true"
    assert "DialCallDuration" in params


@pytest.mark.parametrize("how", ["busy", "no-answer", "failed"])
async def test_a_party_that_does_not_come_is_reported(
    service: Service, standin: Standin, how: str
) -> None:
    standin.phone(PHONE, answers=how)
    service.says("/voice", dial(PHONE, "action='/done' timeout='5'"))
    await standin.call(from_=CALLER, to=NUMBER)
    params = await service.asks("/done")
    assert params["DialCallStatus"] == how


async def test_a_phone_rings_five_seconds_longer_than_its_timeout(
    service: Service, standin: Standin
) -> None:
    standin.phone(PHONE, answers_after=8)
    service.says("/voice", dial(PHONE, "action='/done' timeout='5'"))
    call = await standin.call(from_=CALLER, to=NUMBER)
    while not standin.phones[PHONE].calls:
        await standin.clock.sleep(0.2)
    await standin.phones[PHONE].calls[0].reaches("in-progress")
    call.hang_up()


async def test_without_an_action_the_next_verb_follows(service: Service, standin: Standin) -> None:
    standin.phone(PHONE, answers="busy")
    service.says("/voice", dial(PHONE, ""))
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.hears("nobody was there")


async def test_a_mailbox_that_presses_nothing_is_not_connected(
    service: Service, standin: Standin
) -> None:
    phone = standin.phone(PHONE, answers="mailbox")
    service.says("/voice", dial(f"<Number url='/whisper'>{PHONE}</Number>"))
    service.says("/whisper", "<Gather numDigits='1' action='/take'/><Hangup/>")
    await standin.call(from_=CALLER, to=NUMBER)
    params = await service.asks("/done", within=10)
    assert params["DialBridged"] == "false"
    assert service.at("/take") == []
    assert phone.calls[0].status == "completed"


async def test_a_human_who_presses_the_key_is_connected(service: Service, standin: Standin) -> None:
    phone = standin.phone(PHONE, presses="1")
    service.says("/voice", dial(f"<Number url='/whisper'>{PHONE}</Number>"))
    service.says("/whisper", "<Gather numDigits='1' action='/take'/><Hangup/>")
    service.says("/take")
    await standin.call(from_=CALLER, to=NUMBER)
    await service.asks("/take")
    assert service.at("/take")[0]["ParentCallSid"]
    await phone.calls[0].transcript.next(lambda part: part.kind == "conference", 5, "bridge")
    phone.calls[0].hang_up()
    assert (await service.asks("/done"))["DialBridged"] == "true"


async def test_the_first_of_several_has_the_call(service: Service, standin: Standin) -> None:
    quick = standin.phone(PHONE, answers_after=1)
    slow = standin.phone("sip:ana@example.org", answers_after=20)
    nouns = (
        f"<Number statusCallback='/leg' statusCallbackEvent='initiated ringing answered "
        f"completed'>{PHONE}</Number><Sip>sip:ana@example.org</Sip>"
    )
    service.says("/voice", dial(nouns))
    call = await standin.call(from_=CALLER, to=NUMBER)
    await service.asks("/leg", 3)
    await slow.calls[0].over()
    assert slow.calls[0].status == "canceled"
    call.hang_up()
    await service.asks("/leg", 4)
    states = [params["CallStatus"] for params in service.at("/leg")]
    assert states == ["initiated", "ringing", "in-progress", "completed"]
    assert quick.calls[0].status == "completed"


async def test_a_softphone_that_is_not_registered_does_not_ring(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", dial("<Client>ana</Client>"))
    await standin.call(from_=CALLER, to=NUMBER)
    assert (await service.asks("/done"))["DialCallStatus"] == "no-answer"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (dial(PHONE, "action='/done' callerId='+4930777'"), 13214),
        (dial("030 555 0001"), 13223),
    ],
)
async def test_what_cannot_be_dialled_is_noted(
    service: Service, standin: Standin, document: str, code: int
) -> None:
    service.says("/voice", document)
    await standin.call(from_=CALLER, to=NUMBER)
    assert (await service.asks("/done"))["DialCallStatus"] == "failed"
    assert [error.code for error in standin.errors] == [code]
