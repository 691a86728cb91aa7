"""Softphones in browsers, played by a websocket client."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
import pytest
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from router.standin import Config, Standin
from tests.standin.service import CALLER, NUMBER, Service, until
from tests.standin.test_conferences import enter, room
from tests.standin.test_rest import client_of


def token_of(config: Config, identity: str = "ana", **changed: Any) -> str:
    given = {
        "account_sid": config.account_sid,
        "signing_key_sid": config.api_key_sid,
        "secret": config.api_key_secret,
        "ttl": 600,
        **changed,
    }
    grant = VoiceGrant(
        incoming_allow=given.pop("incoming", True),
        outgoing_application_sid=given.pop("app", config.app_sid),
    )
    return str(AccessToken(grants=[grant], identity=identity, **given).to_jwt())


class Device:
    """A browser's end of the socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.got: list[dict[str, Any]] = []

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def until(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The next message of this kind; what comes before it is kept in `got`."""
        while True:
            message: dict[str, Any] = json.loads(await self.socket.recv())
            self.got.append(message)
            if message["type"] == kind and wanted.items() <= message.items():
                return message


@asynccontextmanager
async def device(standin: Standin, token: str | None = None) -> AsyncIterator[Device]:
    token = token_of(standin.config) if token is None else token
    url = standin.base_url.replace("http", "ws") + f"/client?token={token}"
    async with connect(url) as socket:
        yield Device(socket)


async def test_a_browser_connects_to_the_app_s_voice_url(
    service: Service, standin: Standin
) -> None:
    service.says("/agent", "<Say>Hello agent</Say><Gather numDigits='1' action='/keys'/>")
    async with device(standin) as ana:
        ready = await ana.until("ready")
        assert ready["identity"] == "ana"
        assert ready["expiresAt"] > time.time() * 1000
        await ana.send(type="connect", params={"handling": "H1", "CallSid": "CAforged"})
        ringing = await ana.until("ringing")
        await ana.until("accepted", callSid=ringing["callSid"])
        assert (await ana.until("said"))["text"] == "Hello agent"
        await ana.until("gather")
        await ana.send(type="digits", digits="5")
        assert (await service.asks("/keys"))["Digits"] == "5"
        over = await ana.until("disconnected")
        assert (over["callSid"], over["why"]) == (ringing["callSid"], "completed")
    asked = service.at("/agent")[0]
    assert (asked["From"], asked["Caller"]) == ("client:ana", "client:ana")
    assert asked["ApplicationSid"] == standin.config.app_sid
    assert (asked["handling"], asked["CallSid"]) == ("H1", ringing["callSid"])
    assert service.asked[0].signed


async def test_an_agent_s_browser_joins_a_room_and_leaves_it_with_its_tab(
    service: Service, standin: Standin
) -> None:
    service.says("/agent", room(label="agent", more="endConferenceOnExit='true'"))
    caller = await enter(service, standin, room(label="caller") + "<Say>Goodbye</Say>")
    async with device(standin) as ana:
        await ana.send(type="connect", params={})
        await ana.until("accepted")
        await service.asks("/conference", 3)
        assert service.at("/conference")[1]["ParticipantLabel"] == "agent"
    await caller.hears("goodbye")


async def test_a_call_rings_every_tab_and_the_first_to_accept_has_it(
    service: Service, standin: Standin
) -> None:
    service.says("/leg", "<Pause length='600'/>")
    async with (
        device(standin) as one,
        device(standin) as two,
        AsyncTwilioHttpClient(timeout=5) as http,
    ):
        await one.until("ready")
        await two.until("ready")
        await client_of(standin, http).calls.create_async(
            to="client:ana?handling=H1", from_=NUMBER, url=service.url("/leg")
        )
        rung = await one.until("incoming")
        assert (rung["from"], rung["params"]) == (NUMBER, {"handling": "H1"})
        await two.until("incoming", callSid=rung["callSid"])
        await two.send(type="accept", callSid=rung["callSid"])
        await one.until("cancelled", callSid=rung["callSid"])
        await two.until("accepted", callSid=rung["callSid"])
        await two.send(type="disconnect")
        await two.until("disconnected")
    assert not [m for m in two.got if m["type"] == "cancelled"]


async def test_a_rejected_call_is_busy(service: Service, standin: Standin) -> None:
    service.says("/voice", "<Dial action='/done'><Client>ana</Client></Dial>")
    async with device(standin) as ana:
        await ana.until("ready")
        await standin.call(from_=CALLER, to=NUMBER)
        rung = await ana.until("incoming")
        await ana.send(type="reject", callSid=rung["callSid"])
        assert (await service.asks("/done"))["DialCallStatus"] == "busy"


async def test_browsers_in_one_room_meet_and_pass_on_what_they_signal(
    service: Service, standin: Standin
) -> None:
    service.says("/agent", room())
    bob_token = token_of(standin.config, "bob")
    async with device(standin) as ana, device(standin, bob_token) as bob:
        await ana.send(type="connect", params={})
        await bob.send(type="connect", params={})
        of_ana, of_bob = await ana.until("peer"), await bob.until("peer")
        assert (of_ana["peer"], of_bob["peer"]) == (of_bob["callSid"], of_ana["callSid"])
        assert of_ana["polite"] is not of_bob["polite"]
        assert of_ana["speak"] is True
        await ana.send(type="signal", to=of_ana["peer"], data={"sdp": "v=0"})
        passed = await bob.until("signal")
        assert (passed["from"], passed["data"]) == (of_bob["peer"], {"sdp": "v=0"})
        await bob.send(type="mute", muted=True)
        assert (await bob.until("peer"))["speak"] is False
        sid = standin.rooms["C1"].sid
        async with AsyncTwilioHttpClient(timeout=5) as http:
            people = client_of(standin, http).conferences(sid)
            await people.participants(of_bob["callSid"]).update_async(hold=True)
            await ana.until("unpeer", peer=of_ana["peer"])
            await bob.until("hold", on=True)
            await people.participants(of_bob["callSid"]).update_async(hold=False)
            await ana.until("peer", peer=of_ana["peer"])
        await bob.send(type="disconnect")
        await ana.until("unpeer", peer=of_ana["peer"])


async def test_only_peers_are_passed_signals(service: Service, standin: Standin) -> None:
    service.replies["/agent"] = lambda params: room_of(params["From"])
    bob_token = token_of(standin.config, "bob")
    async with device(standin) as ana, device(standin, bob_token) as bob:
        await ana.send(type="connect", params={})
        await bob.send(type="connect", params={})
        await ana.until("accepted")
        stranger = (await bob.until("accepted"))["callSid"]
        await ana.send(type="signal", to=stranger, data={})
        await bob.send(type="digits", digits="x")
        assert (await bob.until("error"))["code"] == 10000
        assert not [message for message in bob.got if message["type"] == "signal"]


def room_of(name: str) -> str:
    return f"<Response>{room(name.removeprefix('client:'))}</Response>"


async def test_a_whisper_is_heard_by_the_coached_alone(service: Service, standin: Standin) -> None:
    service.says("/agent", room())
    tokens = [token_of(standin.config, name) for name in ("ana", "cem", "boss")]
    async with (
        device(standin, tokens[0]) as ana,
        device(standin, tokens[1]) as cem,
        device(standin, tokens[2]) as boss,
    ):
        await ana.send(type="connect", params={})
        await cem.send(type="connect", params={})
        anas, cems = (await ana.until("peer"))["callSid"], (await cem.until("peer"))["callSid"]
        service.says("/agent", room(more=f"coach='{anas}'"))
        await boss.send(type="connect", params={})
        assert (await boss.until("peer", peer=anas))["speak"] is True
        assert (await boss.until("peer", peer=cems))["speak"] is False


def _expired(config: Config) -> str:
    return token_of(config, ttl=-5)


def _too_long(config: Config) -> str:
    return token_of(config, ttl=25 * 3600)


def _of_another_key(config: Config) -> str:
    return token_of(config, signing_key_sid="SK" + "9" * 32)


def _forged(config: Config) -> str:
    return token_of(config, secret="another secret, also long enough for a key")


def _of_another_app(config: Config) -> str:
    return token_of(config, app="AP" + "9" * 32)


def _for_nobody(config: Config) -> str:
    return token_of(config, "")


def _of_another_kind(config: Config) -> str:
    claims = {"iss": config.api_key_sid, "sub": config.account_sid, "exp": time.time() + 60}
    return jwt.encode(claims, config.api_key_secret)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_expired, 20104),
        (_too_long, 20104),
        (_of_another_key, 20103),
        (_forged, 20101),
        (lambda _: "nonsense", 20101),
        (_of_another_kind, 20101),
        (_of_another_app, 31204),
        (_for_nobody, 31204),
    ],
)
async def test_a_token_that_twilio_refuses_is_refused(
    standin: Standin, make: Any, code: int
) -> None:
    async with device(standin, make(standin.config)) as nobody:
        assert (await nobody.until("error"))["code"] == code
        with pytest.raises(ConnectionClosed) as closed:
            await nobody.socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_params_that_are_too_long_are_refused(standin: Standin) -> None:
    async with device(standin) as ana:
        await ana.send(type="connect", params={"note": "x" * 801})
        assert (await ana.until("error"))["code"] == 31103
    assert standin.calls == {}


@pytest.mark.parametrize(
    "frame",
    ["{", "[]", '{"type": 5}', '{"type": "sing"}', '{"type": "disconnect"}',
     '{"type": "connect", "params": {"a": 1}}', '{"type": "accept"}'],
)  # fmt: skip
async def test_a_malformed_message_changes_nothing(standin: Standin, frame: str) -> None:
    async with device(standin) as ana:
        await ana.until("ready")
        await ana.socket.send(frame)
        assert (await ana.until("error"))["code"] == 10000
        await ana.send(type="token", token=token_of(standin.config))
        await ana.until("ready")


async def test_a_device_without_leave_is_not_rung_nor_may_it_call(
    service: Service, standin: Standin
) -> None:
    service.says("/voice", "<Dial action='/done'><Client>ana</Client></Dial>")
    token = token_of(standin.config, incoming=None, app=None)
    async with device(standin, token) as ana:
        await ana.until("ready")
        await standin.call(from_=CALLER, to=NUMBER)
        assert (await service.asks("/done"))["DialCallStatus"] == "no-answer"
        await ana.send(type="connect", params={})
        assert (await ana.until("error"))["code"] == 31204


async def test_a_token_that_runs_out_is_told_and_can_be_renewed(
    service: Service, standin: Standin
) -> None:
    service.says("/agent", "<Pause length='600'/>")
    async with device(standin, token_of(standin.config, ttl=1)) as ana:
        await ana.until("ready")
        assert (await ana.until("error"))["code"] == 20104
        await ana.send(type="connect", params={})
        assert (await ana.until("error"))["code"] == 20104
        await ana.send(type="token", token=token_of(standin.config))
        await ana.until("ready")
        await ana.send(type="connect", params={})
        await ana.until("ringing")
    await until(lambda: all(call.over_now for call in standin.calls.values()), "hung up")
