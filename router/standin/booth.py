"""The phone booth: a telephone set in a browser, for trying the service out.

The messages are in docs/standin.md.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aiohttp import web

from router.standin.calls import Call
from router.standin.exchange import Bell, Standin
from router.standin.outbound import is_number
from router.standin.rest.door import STANDIN
from router.standin.sockets import Malformed, Socket, text_of
from router.standin.transcript import Part

_PASSED_ON = {"status", "said", "played", "pause", "gather", "gathered", "pressed", "recording"} | {
    "recorded",
    "conference",
    "hold",
}
_BUSY = "hang up first: one set makes one call at a time"


class Booths(Bell):
    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self.sets: list[Booth] = []

    def rings(self, call: Call) -> bool:
        holding = [booth for booth in self.sets if call.to in booth.numbers]
        rung = [booth.offer(call) for booth in holding]
        if holding and not any(rung):
            call.ring.set_result("busy")
        return bool(holding)

    def quiet(self, call: Call) -> None:
        for booth in list(self.sets):
            booth.withdraw(call)


class Booth(Socket):
    """numbers: whose calls ring here."""

    def __init__(self, booths: Booths) -> None:
        super().__init__()
        self.numbers: frozenset[str] = frozenset()
        self._booths = booths
        self._call: Call | None = None
        self._ringing: Call | None = None

    async def opened(self, request: web.Request) -> bool:
        self._booths.sets.append(self)
        self.send({"type": "ready"})
        return True

    def closed(self) -> None:
        self._booths.sets.remove(self)
        if self._ringing is not None:
            self._ringing.refuse()
        if self._call is not None:
            self._call.hang_up()

    def trouble(self, code: int, text: str, **more: Any) -> None:
        self.send({"type": "error", "message": text})

    async def received(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "dial":
                await self._dial(message)
            case "press":
                try:
                    self._line().press(text_of(message, "keys"))
                except ValueError as error:
                    raise Malformed(str(error)) from error
            case "speak":
                self._line().speak(text_of(message, "text", "(speaks)"))
            case "hangup":
                self._line().hang_up()
            case "hold":
                self._hold(message.get("numbers"))
            case "answer":
                call, self._ringing = self._rung(), None
                self._take(call)
                call.pick_up()
            case "refuse":
                call, self._ringing = self._rung(), None
                call.refuse()
            case "signal":
                to = text_of(message, "to")
                self._booths.standin.peers.relay(self._line(), to, message.get("data"))
            case unknown:
                raise Malformed(f"no such message: {unknown}")

    def _line(self) -> Call:
        if self._call is None:
            raise Malformed("there is no call")
        return self._call

    def _rung(self) -> Call:
        if self._ringing is None:
            raise Malformed("nothing rings")
        return self._ringing

    async def _dial(self, message: dict[str, Any]) -> None:
        if self._call is not None or self._ringing is not None:
            raise Malformed(_BUSY)
        stir = message.get("stir")
        if stir is not None and not isinstance(stir, str):
            raise Malformed("stir must be text")
        from_, to = text_of(message, "from"), text_of(message, "to")
        try:
            call = await self._booths.standin.call(from_=from_, to=to, stir=stir)
        except LookupError as error:
            raise Malformed(f"{error.args[0]}: it cannot be dialled here") from error
        # the first state was before anybody could watch
        self.send({"type": "status", "status": call.status, "callSid": call.sid})
        self._take(call)

    def _hold(self, numbers: Any) -> None:
        if not isinstance(numbers, list) or not all(
            isinstance(n, str) and is_number(n) for n in numbers
        ):
            raise Malformed("numbers must be a list of E.164 numbers")
        self.numbers = frozenset(numbers)

    def _take(self, call: Call) -> None:
        self._call = call
        call.media = self._media
        call.transcript.watch(self._pass_on)

    def _media(self, message: dict[str, Any]) -> None:
        self.send({name: value for name, value in message.items() if name != "callSid"})

    def _pass_on(self, part: Part) -> None:
        if part.kind == "ended":
            self._call = None
            self.send({"type": "ended", "why": part.data["why"]})
        elif part.kind in _PASSED_ON:
            self.send(part.message())

    def offer(self, call: Call) -> bool:
        if self._call is not None or self._ringing is not None:
            return False
        self._ringing = call
        self.send({"type": "ringing", "callSid": call.sid, "from": call.from_, "to": call.to})
        return True

    def withdraw(self, call: Call) -> None:
        if self._ringing is call:
            self._ringing = None
            self.send({"type": "cancelled"})


async def booth(request: web.Request) -> web.StreamResponse:
    booths = request.app[STANDIN].booths
    assert isinstance(booths, Booths)
    return await Booth(booths).run(request)


async def numbers(request: web.Request) -> web.Response:
    config = request.app[STANDIN].config
    dial = [{"number": e164, "label": n.label or e164} for e164, n in config.numbers.items()]
    callers = [
        {name: value for name, value in asdict(caller).items() if value is not None}
        for caller in config.callers
    ]
    return web.json_response({"dial": dial, "from": callers})


async def errors(request: web.Request) -> web.Response:
    return web.json_response({"errors": [asdict(e) for e in request.app[STANDIN].errors]})
