"""The table of what Twilio refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aiohttp import web
from twilio.http.async_http_client import AsyncTwilioHttpClient

from router.standin import Standin
from router.standin.facts import BEHAVIOUR, FACTS
from tests.standin.service import CALLER, NUMBER, Service, playing, until
from tests.standin.test_conferences import enter, room
from tests.standin.test_rest import PHONE, client_of, refused

ROOM = Path(__file__).parents[2] / "router" / "standin"


def _codes(folder: Path, *, without: str) -> set[int]:
    text = "".join(p.read_text() for p in sorted(folder.rglob("*.py")) if p.name != without)
    return {int(word) for word in re.findall(r"(?<![\w.])[1-3]\d{4}(?!\w)", text)}


def test_each_fact_is_played_and_each_refusal_has_its_page() -> None:
    played = _codes(ROOM, without="facts.py")
    assert FACTS.keys() - played == set()
    for code, fact in FACTS.items():
        assert fact.source == f"https://www.twilio.com/docs/api/errors/{code}"
    for source in BEHAVIOUR.values():
        assert source.startswith("https://www.twilio.com/")


def test_each_fact_has_a_test() -> None:
    tested = _codes(Path(__file__).parent, without="service.py")
    assert FACTS.keys() - tested == set()


async def test_an_address_that_is_none_is_an_application_error(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", "<Redirect>ftp://x/</Redirect>")
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.hears("application error")
    assert [error.code for error in standin.errors] == [11100]


async def test_an_impossible_finishing_key_is_a_warning(service: Service, standin: Standin) -> None:
    service.says("/voice", "<Gather finishOnKey='##' action='/keys' timeout='60'/>")
    call = await standin.call(from_=CALLER, to=NUMBER)
    await call.answers("5#")
    assert (await service.asks("/keys"))["Digits"] == "5"
    assert [(error.code, error.warning) for error in standin.errors] == [(13310, True)]


async def test_an_impossible_wait_method_is_a_warning(service: Service, standin: Standin) -> None:
    await enter(service, standin, room(more="waitMethod='PUT'"))
    assert [(error.code, error.warning) for error in standin.errors] == [(13234, True)]


@pytest.mark.parametrize(("document", "path", "code"), [
    ("<Say>x</Say>", "/status", 15003),
    (room(), "/conference", 16011),
])  # fmt: skip
async def test_a_callback_that_is_answered_with_an_error_is_noted(
    service: Service, standin: Standin, document: str, path: str, code: int
) -> None:
    service.replies[path] = lambda _: web.Response(status=500)
    service.says("/voice", document)
    call = await standin.call(from_=CALLER, to=NUMBER)
    await until(lambda: bool(standin.errors), "the error")
    assert standin.errors[0].code == code
    call.hang_up()


async def test_a_queue_of_more_than_a_day_takes_no_more() -> None:
    async with (
        playing(calls_per_second=1 / 90_000, manual_clock=True) as (_service, standin),
        AsyncTwilioHttpClient(timeout=5) as http,
    ):
        twilio = client_of(standin, http)
        await twilio.calls.create_async(to=PHONE, from_=NUMBER, twiml="<Response/>")
        await refused(22005, twilio.calls.create_async(to=PHONE, from_=NUMBER, twiml="<Response/>"))


async def test_a_public_address_is_signed_for_and_delivered_where_it_is_reached() -> None:
    async with playing() as (inner, _):
        via = ("https://phone.example", inner.base)
        async with playing(via=via) as (outer, standin):
            outer.says("/voice", "<Redirect>https://phone.example/next?a=1</Redirect>")
            inner.says("/next", "<Say>Reached</Say>")
            call = await standin.call(from_=CALLER, to=NUMBER)
            await call.hears("reached")
            inner.base = "https://phone.example"
            call = await standin.call(from_=CALLER, to=NUMBER)
            await call.hears("reached")
            assert [asked.signed for asked in inner.asked] == [False, True]
