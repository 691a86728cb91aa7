"""Twilio's webhooks against real stores: who may call, what a repeat does, who is recognised."""

from __future__ import annotations

import asyncio
import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from router.channels.voice.webhooks import add_routes
from router.store.live import open_live
from router.web.errors import answer_errors
from tests.voice.conftest import PLAIN, PUBLIC, RICH, Exchange, sid

CUSTOMER = "+4915112345678"
EXPERT = "+4915187654321"


def address(document: str, name: str) -> str:
    """The address in the document that ends in this name, without our host."""
    found = re.search(rf'{re.escape(PUBLIC)}(/twilio/voice/[^"<]*?/{name}[^"<]*)', document)
    assert found, document
    return found[1].replace("&amp;", "&")


async def incoming(exchange: Exchange, call: str, to: str = PLAIN, **more: str) -> str:
    parameters = {"CallSid": call, "To": to, "From": CUSTOMER, "CallStatus": "ringing"} | more
    return await exchange.ask("/twilio/voice/incoming", **parameters)


@pytest.mark.parametrize("signature", ["", "x", "bm90IGEgc2lnbmF0dXJlIG9mIG91cnM="])
async def test_a_bad_signature_is_refused_and_nothing_happens(
    exchange: Exchange, signature: str
) -> None:
    call = sid()
    status, body = await exchange.post(
        "/twilio/voice/incoming",
        {"CallSid": call, "To": PLAIN, "From": CUSTOMER},
        signature=signature,
    )
    assert (status, '"forbidden"' in body) == (403, True)
    assert await exchange.contact(call) is None


async def test_a_signature_for_another_address_is_no_signature(exchange: Exchange) -> None:
    parameters = {"CallSid": sid(), "To": PLAIN, "From": CUSTOMER}
    signature = exchange.validator.compute_signature(
        "https://other.example.com/twilio/voice/incoming", parameters
    )
    answer = await exchange.client.post(
        "/twilio/voice/incoming",
        data=parameters,
        headers={"X-Twilio-Signature": signature, "Host": "other.example.com"},
    )
    assert answer.status == 403


async def test_a_parameter_that_comes_twice_is_refused(exchange: Exchange) -> None:
    call = sid()
    parameters = {"CallSid": call, "To": PLAIN, "From": CUSTOMER}
    signature = exchange.validator.compute_signature(f"{PUBLIC}/twilio/voice/incoming", parameters)
    twice = [*parameters.items(), ("From", CUSTOMER)]  # the validator itself lets this pass
    answer = await exchange.client.post(
        "/twilio/voice/incoming", data=twice, headers={"X-Twilio-Signature": signature}
    )
    assert answer.status == 400
    assert (await answer.json())["error"]["field"] == "From"
    assert await exchange.contact(call) is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"x" * 2_000_000, "application/x-www-form-urlencoded"),
        (b"--a--", "multipart/form-data; boundary=a"),
    ],
)
async def test_what_is_no_form_is_refused(exchange: Exchange, body: bytes, kind: str) -> None:
    answer = await exchange.client.post(
        "/twilio/voice/incoming", data=body, headers={"Content-Type": kind}
    )
    assert answer.status in (400, 403)
    assert (await answer.json())["error"]["code"] in ("malformed", "forbidden")


async def test_without_an_account_the_phone_says_so() -> None:
    app = web.Application(middlewares=[answer_errors])
    add_routes(app.router)
    async with TestClient(TestServer(app)) as client:
        answer = await client.post("/twilio/voice/incoming", data={"CallSid": sid()})
        assert answer.status == 503
        assert (await answer.json())["error"]["code"] == "unavailable"


async def test_a_number_that_is_nobodys_is_not_answered(exchange: Exchange) -> None:
    assert "<Reject" in await incoming(exchange, sid(), to="+4930999999")


async def test_a_registered_number_goes_to_the_experts_lane_at_level_1(exchange: Exchange) -> None:
    person = await exchange.expert("4711", phone=EXPERT)
    call = sid()
    document = await incoming(exchange, call, From=EXPERT)
    contact = await exchange.contact(call)
    assert (contact["state"], contact["role"], contact["assurance"]) == ("waiting", "expert", 1)
    assert contact["person_id"] == person
    assert contact["queue_id"] == exchange.house.queues["experts"]
    assert "Welcome to Acme" in document


@pytest.mark.parametrize(
    ("stir", "level"),
    [
        ("TN-Validation-Passed-A", 2),
        ("TN-Validation-Passed-A-Diverted", 1),
        ("TN-Validation-Passed-B", 1),
        ("TN-Validation-Passed-A ", 1),
        ("tn-validation-passed-a", 1),
        ("No-TN-Validation", 1),
    ],
)
async def test_only_full_attestation_proves_a_number(
    exchange: Exchange, stir: str, level: int
) -> None:
    await exchange.expert("4711", phone=EXPERT)
    call = sid()
    await incoming(exchange, call, From=EXPERT, StirVerstat=stir)
    assert (await exchange.contact(call))["assurance"] == level


@pytest.mark.parametrize("withheld", ["anonymous", "", "+266696687", "+86282452253", "2562533"])
async def test_a_withheld_number_is_nobody_and_is_asked_for_the_expert_number(
    exchange: Exchange, withheld: str
) -> None:
    call = sid()
    document = await incoming(exchange, call, From=withheld)
    contact = await exchange.contact(call)
    assert (contact["state"], contact["assurance"]) == ("arriving", 0)
    assert "expert number" in document


async def test_an_expert_without_a_number_is_known_by_expert_number_and_pin(
    exchange: Exchange,
) -> None:
    person = await exchange.expert("4711", pin="808172")
    call = sid()
    asked = await incoming(exchange, call, From="anonymous")
    asked = await exchange.ask(address(asked, "who"), CallSid=call, Digits="4711")
    assert "PIN" in asked
    heard = await exchange.ask(address(asked, "pin"), CallSid=call, Digits="808172")
    contact = await exchange.contact(call)
    assert (contact["state"], contact["role"], contact["assurance"]) == ("waiting", "expert", 2)
    assert contact["person_id"] == person
    assert "in line" in heard
    legs = await exchange.house.pool.fetchval(
        "select data::text from leg where call_sid = $1", call
    )
    assert "808172" not in legs


async def test_a_repeated_wrong_pin_webhook_counts_once(exchange: Exchange) -> None:
    await exchange.expert("4711", pin="808172")
    call = sid()
    asked = await incoming(exchange, call, From="anonymous")
    asked = await exchange.ask(address(asked, "who"), CallSid=call, Digits="4711")
    pin = address(asked, "pin")
    answers = await asyncio.gather(
        *(exchange.ask(pin, CallSid=call, Digits="111111") for _ in range(5))
    )
    assert sum("do not match" in answer for answer in answers) >= 1
    leg = await exchange.voice.legs.get(call)
    assert leg is not None
    assert leg.data["progress"]["pins"] == 1
    assert leg.data["progress"]["step"] == "who"
    # and the sixth, late one, finds the next question
    assert "do not match" in await exchange.ask(pin, CallSid=call, Digits="808172")
    assert (await exchange.contact(call))["state"] == "arriving"


async def test_three_wrong_pins_make_a_customer(exchange: Exchange) -> None:
    await exchange.expert("4711", pin="808172")
    call = sid()
    asked = await incoming(exchange, call, From="anonymous")
    for _ in range(3):
        asked = await exchange.ask(address(asked, "who"), CallSid=call, Digits="4711")
        asked = await exchange.ask(address(asked, "pin"), CallSid=call, Digits="111111")
    contact = await exchange.contact(call)
    assert (contact["state"], contact["role"]) == ("waiting", "customer")
    assert "too often" in asked


async def test_silence_leads_to_the_customers_lane(exchange: Exchange) -> None:
    call = sid()
    asked = await incoming(exchange, call)
    await exchange.ask(address(asked, "who"), CallSid=call)
    contact = await exchange.contact(call)
    assert (contact["state"], contact["role"]) == ("waiting", "customer")


async def test_language_and_topic_are_asked_where_there_are_several(exchange: Exchange) -> None:
    call = sid()
    asked = await incoming(exchange, call, to=RICH)
    assert "Für Deutsch" in asked
    assert "For English" in asked
    asked = await exchange.ask(address(asked, "language"), CallSid=call, Digits="2")
    assert "expert number" in asked
    asked = await exchange.ask(address(asked, "who"), CallSid=call, Digits="*")
    assert "Router: press 1" in asked
    await exchange.ask(address(asked, "topic"), CallSid=call, Digits="1")
    contact = await exchange.contact(call)
    assert (contact["language"], contact["topic"]) == ("en", "router")
    assert contact["state"] == "waiting"


async def test_an_expert_whose_language_is_known_is_not_asked_for_it(exchange: Exchange) -> None:
    person = await exchange.expert("4711", phone=EXPERT)
    await exchange.house.pool.execute(
        "update expert set languages = '{fr,en}' where person_id = $1", person
    )
    call = sid()
    asked = await incoming(exchange, call, to=RICH, From=EXPERT)
    assert "Welcome to Acme" in asked
    assert "Router: press 1" in asked
    await exchange.ask(address(asked, "topic"), CallSid=call, Digits="1")
    assert (await exchange.contact(call))["language"] == "en"


async def test_the_same_incoming_call_twenty_times_at_once_is_one_contact(
    exchange: Exchange,
) -> None:
    call = sid()
    answers = await asyncio.gather(*(incoming(exchange, call) for _ in range(20)))
    assert len(set(answers)) == 1
    assert await exchange.house.pool.fetchval("select count(*) from contact") == 1
    assert await exchange.house.pool.fetchval("select count(*) from leg") == 1


async def waiting(exchange: Exchange, call: str, **more: str) -> str:
    asked = await incoming(exchange, call, **more)
    return await exchange.ask(address(asked, "who"), CallSid=call, Digits="*")


async def test_a_position_is_told_and_never_gets_worse(exchange: Exchange) -> None:
    first, second = sid(), sid()
    await waiting(exchange, first)
    heard = await waiting(exchange, second, From="+4915100000002")
    assert "You are number 2 in line" in heard
    # an expert-like head start would put somebody in front; the second caller must not hear 3
    contact = await exchange.contact(second)
    await exchange.house.pool.execute(
        "update contact set told_position = 1 where id = $1", contact["id"]
    )
    heard = await exchange.ask(f"/twilio/voice/{contact['id']}/wait", CallSid=second)
    assert "You are next in line" in heard


async def test_key_1_keeps_the_place_and_the_hang_up_abandons_nothing(exchange: Exchange) -> None:
    call = sid()
    heard = await waiting(exchange, call)
    heard = await exchange.ask(address(heard, "wait"), CallSid=call, Digits="1")
    assert "ends in 5 6 7 8" in heard
    heard = await exchange.ask(address(heard, "confirm"), CallSid=call, Digits="1")
    assert "<Hangup" in heard
    await exchange.ask("/twilio/voice/status", CallSid=call, CallStatus="completed")
    contact = await exchange.contact(call)
    assert (contact["state"], contact["callback_to"]) == ("waiting", CUSTOMER)


async def test_a_caller_who_hangs_up_in_line_has_abandoned(exchange: Exchange) -> None:
    call = sid()
    await waiting(exchange, call)
    for _ in range(2):
        await exchange.ask("/twilio/voice/status", CallSid=call, CallStatus="completed")
    contact = await exchange.contact(call)
    assert (contact["state"], contact["outcome"]) == ("ended", "abandoned")
    assert contact["ended_by"] == "person"


async def test_a_closed_queue_is_announced_and_the_contact_ends_closed(exchange: Exchange) -> None:
    await exchange.house.pool.execute(
        "update queue set closed = $1 where slug = 'customers'", {"en": "Back on Monday."}
    )
    call = sid()
    asked = await incoming(exchange, call)
    heard = await exchange.ask(address(asked, "who"), CallSid=call, Digits="*")
    assert "Back on Monday." in heard
    assert "<Hangup" in heard
    assert (await exchange.contact(call))["outcome"] == "closed"


async def test_a_caller_in_line_is_told_at_once_when_a_supervisor_closes_the_call(
    exchange: Exchange,
) -> None:
    call = sid()
    await waiting(exchange, call)
    contact = await exchange.contact(call)
    await exchange.house.contacts.end(
        exchange.house.workspace, contact["id"], outcome="closed", by="supervisor"
    )
    await exchange.settled()
    kind, moved, url = exchange.provider.last("move")
    assert (kind, moved) == ("move", call)
    assert "<Hangup" in await exchange.ask(url, CallSid=call)


async def test_a_call_that_ends_before_its_leg_was_kept_is_abandoned(exchange: Exchange) -> None:
    call = sid()
    await incoming(exchange, call)
    await exchange.house.pool.execute("delete from leg")
    await exchange.ask("/twilio/voice/status", CallSid=call, CallStatus="completed")
    assert (await exchange.contact(call))["outcome"] == "abandoned"


async def test_a_webhook_for_a_call_that_we_do_not_know_ends_it_politely(
    exchange: Exchange,
) -> None:
    call = sid()
    await incoming(exchange, call)
    contact = await exchange.contact(call)
    heard = await exchange.ask(f"/twilio/voice/{contact['id']}/wait", CallSid=sid())
    assert "<Hangup" in heard


async def test_with_the_truth_away_the_caller_is_kept_and_then_goes_on(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = sid()
    asked = await incoming(exchange, call, to=RICH)

    async def broken(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("no database")

    with monkeypatch.context() as patch:
        patch.setattr(exchange.voice.legs, "load", broken)
        heard = await exchange.ask(address(asked, "language"), CallSid=call, Digits="2")
    assert "Einen Moment, bitte" in heard  # in the language that this process remembers
    back = address(heard, "wait")
    assert "Für Deutsch" in await exchange.ask(back, CallSid=call)


async def test_an_answer_comes_within_five_seconds_whatever_hangs_inside(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(*_: object, **__: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(exchange.voice.legs, "get", hangs)
    begun = asyncio.get_running_loop().time()
    heard = await incoming(exchange, sid())
    assert asyncio.get_running_loop().time() - begun < 5
    assert f"{PUBLIC}/twilio/voice/incoming</Redirect>" in heard


async def test_with_the_live_store_away_the_caller_still_gets_in_line(exchange: Exchange) -> None:
    exchange.house.engine.redis = open_live("redis://127.0.0.1:1")
    call = sid()
    heard = await waiting(exchange, call)
    assert "stay on the line" in heard
    assert "next in line" not in heard  # a place that nobody can know is not told
    assert (await exchange.contact(call))["state"] == "waiting"
