"""Dial: into a conference, or to phones, clients and SIP addresses of which the first has it."""

from __future__ import annotations

import asyncio

from router.standin.calls import Call, Step
from router.standin.conferences import Refusal, join
from router.standin.documents import Document, Verb
from router.standin.outbound import Bridge, Place, is_number
from router.standin.progress import StatusCallback
from router.standin.seats import Seat
from router.standin.steps import Ask


async def dial(call: Call, verb: Verb, document: Document, after: Verb | None) -> Step | None:
    """after: the next verb; where a call is moved while it dials, Twilio still asks a Redirect
    that stands there."""
    ending = _Ending(call, verb, document, after)
    rooms = [child for child in verb.children if child.name == "Conference"]
    try:
        if rooms:
            return await _conference(call, rooms[0], document, ending)
        return await _parties(call, verb, document, ending)
    except asyncio.CancelledError:
        ending.cut_short()
        raise


class _Ending:
    """Where a call goes after Dial."""

    def __init__(self, call: Call, verb: Verb, document: Document, after: Verb | None) -> None:
        self._call, self._verb, self._document, self._after = call, verb, document, after
        self.params: dict[str, str] = {"DialCallStatus": "answered"}

    def step(self, **params: str) -> Step | None:
        """The action; None: Dial has none, the next verb."""
        if not self._verb.get("action"):
            return None
        url = self._document.address(self._verb.get("action"))
        return Ask(url, self._verb.method(), "dial", params)

    def cut_short(self) -> None:
        """The caller hung up or was moved: the action is told, its answer goes unheard."""
        step = self.step(**self.params)
        if step is None and self._call.moving and self._after and self._after.name == "Redirect":
            step = Ask(self._document.address(self._after.text), self._after.method())
        if isinstance(step, Ask):
            status = "in-progress" if self._call.moving else "completed"
            params = {**self._call.params, "CallStatus": status, **step.params}
            self._call.standin.webhooks_out.tell(
                step.event, step.url, step.method, params, source=self._call.sid
            )


async def _conference(call: Call, noun: Verb, document: Document, ending: _Ending) -> Step | None:
    try:
        await join(call, noun.text, seat_of(noun, document))
    except Refusal as refusal:
        if refusal.code is not None:
            call.standin.webhooks_out.note(refusal.code, refusal.detail, call.sid)
        # a label in use: straight to the next verb; everything else by way of the action
        return None if refusal.code == 16025 else ending.step(DialCallStatus="failed")
    return ending.step(DialCallStatus="answered")


def seat_of(noun: Verb, document: Document) -> Seat:
    """How a Conference noun wants its participant to sit."""

    def address(name: str) -> str | None:
        given = noun.attributes.get(name)
        return document.address(given) if given else given

    return Seat(
        label=noun.get("participantLabel") or None,
        muted=noun.flag("muted", False),
        start_on_enter=noun.flag("startConferenceOnEnter", True),
        end_on_exit=noun.flag("endConferenceOnExit", False),
        coach=noun.get("coach") or None,
        wait_url=address("waitUrl"),
        wait_method=noun.method("waitMethod"),
        most=int(noun.number("maxParticipants", 250)),
        callback=address("statusCallback") or None,
        callback_method=noun.method("statusCallbackMethod"),
        callback_events=frozenset(noun.get("statusCallbackEvent").split()),
    )


async def _parties(call: Call, verb: Verb, document: Document, ending: _Ending) -> Step | None:
    standin = call.standin
    nouns = list(verb.children) or [Verb("Number", {}, verb.text)]
    caller_id = verb.get("callerId") or call.from_
    if (call.from_.startswith("client:") and not verb.get("callerId")) or not standin.may_show(
        caller_id, call
    ):
        standin.webhooks_out.note(13214, caller_id, call.sid)
        return ending.step(DialCallStatus="failed")
    legs: list[Call] = []
    bridge = Bridge(call)
    ending.params = {"DialCallStatus": "canceled"}
    try:
        for noun in nouns[:10]:
            to = _to(noun)
            if noun.name == "Number" and not is_number(to):
                standin.webhooks_out.note(13223, noun.text, call.sid)
                continue
            leg = standin.leg(
                from_=caller_id,
                to=to,
                direction="outbound-dial",
                parent=call,
                callbacks=_callbacks(noun, document),
            )
            legs.append(leg)
            leg.begin(Place(verb.number("timeout", 30), _whisper(noun, document, bridge)))
        if not legs:
            return ending.step(DialCallStatus="failed")
        winner = await bridge.won(legs)
        for leg in legs:
            if leg is not winner:
                leg.stop("canceled")
        if winner is None:
            loser = legs[0]
            return ending.step(
                DialCallStatus=loser.status, DialCallSid=loser.sid, DialBridged="false"
            )
        ending.params = {"DialCallStatus": "completed", "DialCallSid": winner.sid}
        standin.peers.pair(call, winner)
        talk = asyncio.ensure_future(winner.over(None))
        await standin.clock.within(verb.number("timeLimit", 14400), talk)
        talk.cancel()
        return ending.step(
            DialCallStatus="completed",
            DialCallSid=winner.sid,
            DialCallDuration=str(winner.seconds),
            DialBridged="true",
        )
    finally:
        standin.peers.part(call)
        for leg in legs:
            leg.stop("completed" if leg.answered_at is not None else "canceled")


def _to(noun: Verb) -> str:
    prefix = {"Client": "client:", "Sip": "sip:"}.get(noun.name, "")
    return noun.text if noun.text.startswith(prefix) else prefix + noun.text


def _whisper(noun: Verb, document: Document, bridge: Bridge) -> Step:
    """What the called party goes through before it is connected."""
    if not noun.get("url"):
        return bridge
    ask = Ask(document.address(noun.get("url")), noun.method(), "whisper")
    return _Whisper(ask, bridge)


class _Whisper:
    """Runs the called party's document; whoever is still there at its end is connected."""

    def __init__(self, ask: Ask, bridge: Bridge) -> None:
        self._ask, self._bridge = ask, bridge

    async def take(self, call: Call) -> Step | None:
        step: Step | None = self._ask
        while step is not None:
            step = await step.take(call)  # Hangup leaves by Over
        return self._bridge


def _callbacks(noun: Verb, document: Document) -> tuple[StatusCallback, ...]:
    url = noun.get("statusCallback")
    if not url:
        return ()
    events = frozenset(noun.get("statusCallbackEvent", "completed").split())
    method = noun.method("statusCallbackMethod")
    return (StatusCallback(document.address(url), events, method),)
