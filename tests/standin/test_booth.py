"""The phone booth, played by a websocket client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from twilio.http.async_http_client import AsyncTwilioHttpClient
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from router.standin import Caller, Standin
from tests.standin.service import CALLER, NUMBER, Service, playing
from tests.standin.test_clients import Device, device
from tests.standin.test_conferences import room
from tests.standin.test_rest import PHONE, client_of


@pytest.fixture
async def played() -> AsyncIterator[tuple[Service, Standin]]:
    callers = (
        Caller(CALLER, "An expert", "TN-Validation-Passed-A"),
        Caller("anonymous", "Withheld"),
    )
    async with playing(booth=True, callers=callers) as both:
        yield both


@asynccontextmanager
async def booth(standin: Standin) -> AsyncIterator[Device]:
    async with connect(standin.base_url.replace("http", "ws") + "/booth") as socket:
        one = Device(socket)
        await one.until("ready")
        yield one


async def test_what_can_be_dialled_is_told(standin: Standin) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(standin.base_url + "/numbers") as answer,
    ):
        assert await answer.json() == {
            "dial": [{"number": NUMBER, "label": "The hotline"}],
            "from": [
                {"number": CALLER, "label": "An expert", "stir": "TN-Validation-Passed-A"},
                {"number": "anonymous", "label": "Withheld"},
            ],
        }


async def test_a_whole_call_at_the_booth(service: Service, standin: Standin) -> None:
    service.says(
        "/voice",
        "<Gather numDigits='1' timeout='600' action='/keys'>"
        "<Say language='de-DE'>Eins</Say></Gather>",
    )
    service.says("/keys", "<Play>/music.mp3</Play><Record timeout='600' action='/recorded'/>")
    service.says("/recorded", "<Pause length='2'/>")
    async with booth(standin) as phone:
        await phone.send(type="dial", **{"from": CALLER, "to": NUMBER, "stir": "x"})
        assert (await phone.until("status"))["status"] == "ringing"
        await phone.until("status", status="in-progress")
        asked = await phone.until("gather")
        assert (asked["numDigits"], asked["timeout"]) == (1, 600)
        said = await phone.until("said")
        assert (said["text"], said["language"]) == ("Eins", "de-DE")
        await phone.send(type="press", keys="1")
        assert (await phone.until("pressed"))["heard"] is True
        assert (await phone.until("gathered"))["digits"] == "1"
        assert (await phone.until("played"))["url"] == service.url("/music.mp3")
        await phone.until("recording")
        await phone.send(type="press", keys="2")
        await phone.until("recorded", seconds=0)
        await phone.until("ended", why="completed")
    assert service.at("/voice")[0]["StirVerstat"] == "x"


async def test_a_message_is_left_at_the_booth(service: Service, standin: Standin) -> None:
    service.says("/voice", "<Record timeout='600' action='/recorded'/>")
    async with booth(standin) as phone:
        await phone.send(type="dial", **{"from": "anonymous", "to": NUMBER})
        await phone.until("recording")
        await phone.send(type="speak", text="Please call")
        await phone.send(type="press", keys="#")
        await phone.until("recorded")
        await phone.until("ended")
    assert service.at("/recorded")[0]["Digits"] == "#"


async def test_a_booth_and_an_agent_s_browser_meet_in_a_room(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", room(label="caller"))
    service.says("/agent", room(label="agent", more="endConferenceOnExit='true'"))
    async with booth(standin) as phone, device(standin) as ana:
        await phone.send(type="dial", **{"from": CALLER, "to": NUMBER})
        await phone.until("conference", event="joined", name="C1")
        await ana.send(type="connect", params={})
        mine, theirs = await phone.until("peer"), await ana.until("peer")
        assert theirs["callSid"] == mine["peer"]
        await phone.send(type="signal", to=mine["peer"], data={"candidate": "1"})
        assert (await ana.until("signal"))["data"] == {"candidate": "1"}
        await ana.send(type="signal", to=theirs["peer"], data={"candidate": "2"})
        assert (await phone.until("signal"))["data"] == {"candidate": "2"}
        await ana.send(type="disconnect")
        await phone.until("unpeer")
        await phone.until("ended", why="completed")


async def test_a_held_number_rings_at_the_booth(service: Service, standin: Standin) -> None:
    service.says("/leg", "<Say>Your callback</Say><Pause length='600'/>")
    async with booth(standin) as phone, AsyncTwilioHttpClient(timeout=5) as http:
        twilio = client_of(standin, http)
        await phone.send(type="hold", numbers=[PHONE])
        await phone.send(type="press", keys="1")
        await phone.until("error")
        await twilio.calls.create_async(to=PHONE, from_=NUMBER, url=service.url("/leg"))
        rung = await phone.until("ringing")
        assert (rung["from"], rung["to"]) == (NUMBER, PHONE)
        await phone.send(type="answer")
        assert (await phone.until("said"))["text"] == "Your callback"
        again = await twilio.calls.create_async(
            to=PHONE, from_=NUMBER, url=service.url("/leg"), status_callback=service.url("/leg2")
        )
        assert again.sid
        assert (await service.asks("/leg2"))["CallStatus"] == "busy", "one call at a time"
        await phone.send(type="hangup")
        await phone.until("ended")
        await twilio.calls.create_async(to=PHONE, from_=NUMBER, url=service.url("/leg"))
        await phone.until("ringing")
        await phone.send(type="refuse")
        assert standin.calls[rung["callSid"]].status == "completed"


async def test_ringing_that_is_given_up_stops(service: Service, standin: Standin) -> None:
    async with booth(standin) as phone, AsyncTwilioHttpClient(timeout=5) as http:
        await phone.send(type="hold", numbers=[PHONE])
        await phone.send(type="press", keys="1")
        await phone.until("error")
        twilio = client_of(standin, http)
        leg = await twilio.calls.create_async(to=PHONE, from_=NUMBER, twiml="<Response/>")
        await phone.until("ringing")
        await twilio.calls(leg.sid).update_async(status="canceled")
        await phone.until("cancelled")


async def test_a_closed_page_hangs_up(service: Service, standin: Standin) -> None:
    service.says("/voice", "<Pause length='6000'/>")
    async with booth(standin) as phone:
        await phone.send(type="dial", **{"from": CALLER, "to": NUMBER})
        sid = (await phone.until("status"))["callSid"]
    await standin.calls[sid].over()


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        '{"type": "dial", "from": "+49170", "to": "+4930999"}',
        '{"type": "dial", "from": 5, "to": "+4930999"}',
        '{"type": "hangup"}',
        '{"type": "answer"}',
        '{"type": "hold", "numbers": ["030"]}',
        '{"type": "sing"}',
    ],
)
async def test_what_cannot_be_done_now_is_said_and_changes_nothing(
    standin: Standin, frame: str
) -> None:
    async with booth(standin) as phone:
        await phone.socket.send(frame)
        assert (await phone.until("error"))["message"]
        await phone.send(type="hangup")
        await phone.until("error", message="there is no call")
    assert standin.calls == {}


async def test_there_is_no_booth_unless_it_is_asked_for() -> None:
    async with playing() as (_service, standin):
        with pytest.raises(InvalidStatus):
            await connect(standin.base_url.replace("http", "ws") + "/booth")
