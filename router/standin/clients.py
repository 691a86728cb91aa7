"""Softphones in browsers: what Twilio's Voice SDK does over its closed signalling.

The messages are in docs/standin.md.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import web

from router.standin import tokens
from router.standin.calls import Call
from router.standin.exchange import Bell, Standin
from router.standin.facts import Refused
from router.standin.rest.door import STANDIN
from router.standin.sockets import Malformed, Socket, flag_of, text_of
from router.standin.steps import Ask
from router.standin.transcript import Part

LONGEST_PARAMS = 800
"""Bytes of connect's params: https://www.twilio.com/docs/voice/sdks/javascript/twiliodevice"""
_PASSED_ON = {"said", "played", "gather", "gathered", "hold", "muted"}


class Clients(Bell):
    """Sockets by identity."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self._sockets: dict[str, list[Client]] = {}

    def add(self, client: Client) -> None:
        self._sockets.setdefault(client.identity, []).append(client)

    def remove(self, client: Client) -> None:
        sockets = self._sockets.get(client.identity, [])
        if client in sockets:
            sockets.remove(client)
        if not sockets:
            self._sockets.pop(client.identity, None)

    def rings(self, call: Call) -> bool:
        scheme, _, rest = call.to.partition(":")
        identity, _, query = rest.partition("?")
        if scheme != "client":
            return False
        rung = [client.offer(call, query) for client in self._sockets.get(identity, [])]
        return any(rung)

    def quiet(self, call: Call) -> None:
        for sockets in list(self._sockets.values()):
            for client in sockets:
                client.withdraw(call)


class Client(Socket):
    """One browser tab's device."""

    def __init__(self, clients: Clients) -> None:
        super().__init__()
        self._clients = clients
        self._standin = clients.standin
        self._token: tokens.Token | None = None
        self._calls: dict[str, Call] = {}
        self._offers: dict[str, Call] = {}
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def identity(self) -> str:
        assert self._token is not None
        return self._token.identity

    async def opened(self, request: web.Request) -> bool:
        try:
            self._accept(request.query.get("token", ""))
        except Refused as refused:
            self.trouble(refused.code, refused.message)
            await self.flush()
            await self.close(4401, refused.message)
            return False
        self._clients.add(self)
        return True

    def _accept(self, token: str) -> None:
        self._token = tokens.read(token, self._standin.config)
        if self._expiry is not None:
            self._expiry.cancel()
        # a device with an old token keeps its calls and can make no new ones
        self._expiry = asyncio.get_running_loop().call_later(
            max(0.0, self._token.expires - time.time()), self._expire
        )
        self.send(
            {
                "type": "ready",
                "identity": self.identity,
                "expiresAt": self._token.expires * 1000,
            }
        )

    def _expire(self) -> None:
        self._clients.remove(self)
        self.trouble(20104, "Access Token expired")

    def closed(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        if self._token is not None:
            self._clients.remove(self)
        for call in list(self._calls.values()):
            call.hang_up()

    async def received(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "connect":
                self._connect(message.get("params") or {})
            case "accept":
                self._answer(text_of(message, "callSid"))
            case "reject":
                sid = text_of(message, "callSid")
                if (offered := self._offers.pop(sid, None)) is not None:
                    offered.refuse()
            case "disconnect":
                self._call(message).hang_up()
            case "digits":
                self._press(self._call(message), text_of(message, "digits"))
            case "mute":
                self._standin.peers.mute(self._call(message), flag_of(message, "muted"))
            case "signal":
                call = self._call(message)
                self._standin.peers.relay(call, text_of(message, "to"), message.get("data"))
            case "token":
                try:
                    self._accept(text_of(message, "token"))
                except Refused as refused:
                    self.trouble(refused.code, refused.message)
                else:
                    self._clients.remove(self)
                    self._clients.add(self)
            case unknown:
                raise Malformed(f"no such message: {unknown}")

    def _call(self, message: dict[str, Any]) -> Call:
        sid = message.get("callSid")
        if sid is None and len(self._calls) == 1:
            return next(iter(self._calls.values()))
        if not isinstance(sid, str) or sid not in self._calls:
            raise Malformed("no such call here")
        return self._calls[sid]

    @staticmethod
    def _press(call: Call, digits: str) -> None:
        try:
            call.press(digits)
        except ValueError as error:
            raise Malformed(str(error)) from error

    def _connect(self, params: Any) -> None:
        if not isinstance(params, dict) or not all(
            isinstance(k, str) and isinstance(v, str) for k, v in params.items()
        ):
            raise Malformed("params must map text to text")
        if sum(len(f"{k}={v}&".encode()) for k, v in params.items()) > LONGEST_PARAMS:
            self.trouble(31103, f"params are longer than {LONGEST_PARAMS} bytes")
            return
        assert self._token is not None
        if not self._token.outgoing:
            self.trouble(31204, "the token grants no outgoing calls")
            return
        if self._token.expires <= time.time():
            self.trouble(20104, "Access Token expired")
            return
        config = self._standin.config
        own = {k: v for k, v in params.items() if k not in _TWILIOS}
        call = self._standin.leg(
            from_=f"client:{self.identity}",
            to=params.get("To", ""),
            direction="inbound",
            params={"ApplicationSid": config.app_sid, **own},
        )
        self._take(call)
        self.send({"type": "ringing", "callSid": call.sid})
        call.begin(Ask(config.voice_url, "POST", "voice"))

    def _take(self, call: Call) -> None:
        call.media = self.send
        self._calls[call.sid] = call
        call.transcript.watch(lambda part: self._pass_on(call, part))

    def _pass_on(self, call: Call, part: Part) -> None:
        if part.kind == "status" and part.data["status"] == "in-progress":
            self.send({"type": "accepted", "callSid": call.sid})
        elif part.kind == "ended":
            self._calls.pop(call.sid, None)
            self.send({"type": "disconnected", "callSid": call.sid, "why": part.data["why"]})
        elif part.kind in _PASSED_ON:
            self.send({**part.message(), "callSid": call.sid})

    def offer(self, call: Call, query: str) -> bool:
        """Somebody calls this identity."""
        if self._token is None or not self._token.incoming:
            return False
        self._offers[call.sid] = call
        params = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
        self.send({"type": "incoming", "callSid": call.sid, "from": call.from_, "params": params})
        return True

    def withdraw(self, call: Call) -> None:
        if self._offers.pop(call.sid, None) is not None:
            self.send({"type": "cancelled", "callSid": call.sid})

    def _answer(self, sid: str) -> None:
        call = self._offers.pop(sid, None)
        if call is None or call.ring.done():
            self.send({"type": "cancelled", "callSid": sid})
            return
        self._take(call)
        call.pick_up()


_TWILIOS = frozenset(
    {"AccountSid", "ApiVersion", "ApplicationSid", "CallSid", "CallStatus", "Called", "Caller"}
    | {"Direction", "From", "To"}
)
"""Parameters that a browser cannot speak for Twilio in."""


async def client(request: web.Request) -> web.StreamResponse:
    clients = request.app[STANDIN].clients
    assert isinstance(clients, Clients)
    return await Client(clients).run(request)
