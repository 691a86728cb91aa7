"""Faults on demand."""

from __future__ import annotations

import asyncio

import pytest
from twilio.http.async_http_client import AsyncTwilioHttpClient

from router.standin import Standin
from router.standin.facts import FACTS
from tests.standin.service import CALLER, NUMBER, Service, until
from tests.standin.test_conferences import enter, room
from tests.standin.test_rest import PHONE, client_of, refused


async def test_a_dropped_callback_never_comes(service: Service, standin: Standin) -> None:
    standin.faults.drop("participant-join", times=1)
    await enter(service, standin, room(label="one"))
    await enter(service, standin, room(label="two"))
    await service.asks("/conference", 2)
    assert service.events() == ["participant-join", "conference-start"]
    assert service.at("/conference")[0]["ParticipantLabel"] == "two"
    assert service.at("/conference")[0]["SequenceNumber"] == "2", "the gap can be seen"


async def test_each_webhook_comes_twice_alike(service: Service, standin: Standin) -> None:
    standin.faults.duplicate("*")
    service.says("/voice", "<Gather numDigits='1' action='/keys' timeout='60'/>")
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.answers("1")
    await call.over()
    await service.asks("/status", 2)
    for path in ("/voice", "/keys", "/status"):
        first, second = service.at(path)
        assert first == second


async def test_a_late_callback_is_overtaken(service: Service, standin: Standin) -> None:
    standin.faults.delay("participant-join", 50, times=1)
    await enter(service, standin, room(label="one"))
    await enter(service, standin, room(label="two"))
    await service.asks("/conference", 3)
    assert [params["SequenceNumber"] for params in service.at("/conference")] == ["2", "3", "1"]


async def test_two_callbacks_change_places(service: Service, standin: Standin) -> None:
    standin.faults.reorder("participant-join")
    await enter(service, standin, room(label="one"))
    await enter(service, standin, room(label="two"))
    await service.asks("/conference", 3)
    assert [params["SequenceNumber"] for params in service.at("/conference")] == ["2", "1", "3"]


async def test_a_document_that_is_never_asked_for_ends_the_call(
    service: Service, standin: Standin
) -> None:
    standin.faults.drop("voice")
    service.says("/voice", "<Say>Hello</Say>")
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.hears("application error")
    assert service.at("/voice") == []


async def test_a_rest_call_acts_and_then_does_not_answer(
    service: Service, standin: Standin
) -> None:
    standin.faults.rest("calls.create")
    phone = standin.phone(PHONE, answers="held")
    async with AsyncTwilioHttpClient(timeout=0.5) as http:
        twilio = client_of(standin, http)
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0.5):
                await twilio.calls.create_async(to=PHONE, from_=NUMBER, twiml="<Response/>")
        await until(lambda: len(phone.calls) == 1, "it rings all the same")
        (made,) = await twilio.calls.list_async(to=PHONE)
        assert made.sid == phone.calls[0].sid


async def test_a_rest_call_can_fail_without_acting(service: Service, standin: Standin) -> None:
    async with AsyncTwilioHttpClient(timeout=5) as http:
        twilio = client_of(standin, http)
        standin.faults.too_many("calls.create")
        assert FACTS[20429].status == 429
        await refused(20429, twilio.calls.create_async(to=PHONE, from_=NUMBER, twiml="<Response/>"))
        standin.faults.rest("*", acts=False)
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0.2):
                await twilio.calls.create_async(to=PHONE, from_=NUMBER, twiml="<Response/>")
        assert standin.calls == {}
