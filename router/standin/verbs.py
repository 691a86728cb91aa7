"""The verbs, one function each: what the caller hears, presses and leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from router.standin.calls import Call, Step
from router.standin.dialing import dial
from router.standin.documents import Document, Verb
from router.standin.speaking import SPEAKING
from router.standin.steps import Ask, End

Perform = Callable[[Call, Verb, Document], Awaitable[Step | None]]
_QUIET = {"Reject", "Pause"}
"""Verbs that do not make Twilio pick up."""


async def perform(call: Call, verb: Verb, document: Document, place: int) -> Step | None:
    """Do one verb. Returns where the call goes instead of the next verb; None: on."""
    if verb.name not in _QUIET:
        call.answer()
    if verb.name == "Dial":
        after = document.verbs[place + 1] if place + 1 < len(document.verbs) else None
        return await dial(call, verb, document, after)
    return await _VERBS[verb.name](call, verb, document)


async def redirect(call: Call, verb: Verb, document: Document) -> Step | None:
    return Ask(document.address(verb.text), verb.method())


async def hangup(call: Call, verb: Verb, document: Document) -> Step | None:
    return End()


async def reject(call: Call, verb: Verb, document: Document) -> Step | None:
    if call.status != "ringing":
        return End()
    return End("busy" if verb.get("reason") == "busy" else "failed")


class _Digits:
    """Keys as Gather collects them."""

    def __init__(self, wanted: int | None, finish: str) -> None:
        self.pressed = ""
        self.finished_on = ""
        self._wanted, self._finish = wanted, finish
        loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = loop.create_future()
        self.changed: asyncio.Future[None] = loop.create_future()

    def take(self, key: str) -> bool:
        if self.done.done():
            return False
        if self._finish and key == self._finish:
            self.finished_on = key
            self.done.set_result(None)
        else:
            self.pressed += key
            if self._wanted is not None and len(self.pressed) >= self._wanted:
                self.done.set_result(None)
        self._change()
        return True

    def _change(self) -> None:
        if not self.changed.done():
            self.changed.set_result(None)

    def again(self) -> None:
        self.changed = asyncio.get_running_loop().create_future()


async def gather(call: Call, verb: Verb, document: Document) -> Step | None:
    out, clock = call.standin.webhooks_out, call.standin.clock
    if "dtmf" not in verb.get("input", "dtmf"):
        out.note(0, "Gather without keys: the stand-in does not understand speech", call.sid)
        return End("failed")
    finish = verb.get("finishOnKey", "#")
    if len(finish) > 1 or (finish and finish not in "0123456789*#"):
        out.note(13310, finish, call.sid)
        finish = "#"
    wanted = int(verb.number("numDigits", 0)) or None
    timeout = verb.number("timeout", 5)
    digits = _Digits(wanted, finish)
    call.add("gather", numDigits=wanted, finishOnKey=finish, timeout=timeout)
    with call.listening(digits):
        await _until_key(_prompt(call, verb, document), digits)
        while not digits.done.done():
            digits.again()
            if not await clock.within(timeout, digits.changed):
                break
    call.add("gathered", digits=digits.pressed)
    if not digits.pressed and not verb.flag("actionOnEmptyResult", False):
        # also when the finishing key alone was pressed
        return None
    params = {
        "Digits": digits.pressed,
        "FinishedOnKey": digits.finished_on,
        "msg": "Gather End",
    }
    return Ask(_action(verb, document), verb.method(), "gather", params)


def _action(verb: Verb, document: Document) -> str:
    return document.address(verb.get("action"))


async def _prompt(call: Call, verb: Verb, document: Document) -> None:
    for child in verb.children:
        await SPEAKING[child.name](call, child, document)


async def _until_key(prompt: Awaitable[None], digits: _Digits) -> None:
    """The first key cuts the prompt short."""
    talking = asyncio.ensure_future(prompt)
    try:
        await asyncio.wait({talking, digits.changed}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


async def record(call: Call, verb: Verb, document: Document) -> Step | None:
    standin = call.standin
    finish = verb.get("finishOnKey", "1234567890*#")
    longest = verb.number("maxLength", 3600)
    ear = _Ear(finish)
    call.transcript.watch(ear.hear)
    call.add("recording", maxLength=longest)
    began = standin.clock.now()
    gone = False
    with call.listening(ear):
        try:
            # silence ends it: every word starts the time-out anew
            until = began + longest
            while not ear.done.done() and standin.clock.now() < until:
                ear.again()
                left = min(verb.number("timeout", 5), until - standin.clock.now())
                if not await standin.clock.within(left, ear.changed):
                    break
        except asyncio.CancelledError:
            # whoever hangs up has left a message all the same
            if not ear.words or call.moving:
                raise
            gone = True
    seconds = max(1, round(standin.clock.now() - began))
    call.add("recorded", seconds=seconds if ear.words else 0)
    if not ear.words:
        return None
    recording = standin.keep_recording(call, verb, document, seconds)
    digits = "hangup" if gone else ear.key
    step = Ask(_action(verb, document), verb.method(), "record", {**recording, "Digits": digits})
    if not gone:
        return step
    params = {**call.params, "CallStatus": "completed", **step.params}
    standin.webhooks_out.tell("record", step.url, step.method, params, source=call.sid)
    raise asyncio.CancelledError


class _Ear:
    """Keys and words as Record notices them."""

    def __init__(self, finish: str) -> None:
        self.key = ""
        self.words: list[str] = []
        self._finish = finish
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.again()

    def again(self) -> None:
        self.changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self, key: str) -> bool:
        if key not in self._finish or self.done.done():
            return False
        self.key = key
        self.done.set_result(None)
        self._change()
        return True

    def hear(self, part: object) -> None:
        if getattr(part, "kind", "") == "spoke" and not self.done.done():
            self.words.append(getattr(part, "text", ""))
            self._change()

    def _change(self) -> None:
        if not self.changed.done():
            self.changed.set_result(None)


_VERBS: dict[str, Perform] = {
    **SPEAKING,
    "Redirect": redirect,
    "Hangup": hangup,
    "Reject": reject,
    "Gather": gather,
    "Record": record,
}
