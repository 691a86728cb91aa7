"""The one answer to a caller: the TwiML for their call's current state. Pure.

Every address of a caller's call answers with `answer(call, …)`, so that a repeated, late or
doubled webhook hears the same and changes nothing. What Twilio refuses is not written here:
nothing but Say, Play, Pause and Redirect for those on hold (13238), absolute addresses
(15004), and short documents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twilio.twiml.voice_response import VoiceResponse

from router.channels.voice.call import Call
from router.channels.voice.dialogue import question
from router.channels.voice.documents import Addresses, Speaker, conference, speak
from router.channels.voice.prompts import Prompts, spoken_digits, spoken_time, spoken_wait

ROUND_SECONDS = 30
"""The pause of a waiting round, on top of what is said in it."""
KEYS_SECONDS = 8
"""How long a caller may take to the first and between two keys."""
MESSAGE_SECONDS = 180
GRACE_SECONDS = 2
"""How long the desk's word that the conversation is over may take to arrive."""


def answer(call: Call, to: Addresses) -> str:
    """The TwiML that this caller is to hear and do now."""
    document = VoiceResponse()
    prompts = Prompts(call.spoken_language, call.entry.prompts)
    _ANSWERS[question(call)](document, call, prompts, to)
    return str(document)


def _gather(
    document: Any, call: Call, to: Addresses, *, digits: int | None = None, timeout: int
) -> Any:
    """Keys and their absence come to the same address, with the turn that they answer."""
    address = to.caller(call.contact, question(call), turn=call.progress.turn)
    limits = {"num_digits": digits} if digits else {"finish_on_key": "#"}
    gather = document.gather(input="dtmf", action=address, method="POST", timeout=timeout, **limits)
    document.redirect(address, method="POST")
    return gather


def _said(verb: Speaker, call: Call, prompts: Prompts) -> None:
    if call.progress.said is not None:
        speak(verb, prompts, call.progress.said)


def _greet(verb: Speaker, call: Call, prompts: Prompts) -> None:
    # once, with whatever comes first: a greeting by itself would only cost the caller a round
    if call.progress.turn == 1:
        speak(verb, prompts, "greeting", name=call.entry.name)


def _language(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    gather = _gather(document, call, to, digits=1, timeout=KEYS_SECONDS)
    _greet(gather, call, prompts)
    for key, language in enumerate(call.entry.languages, start=1):
        speak(gather, Prompts(language, call.entry.prompts), "language_choice", key=key)


def _who(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    gather = _gather(document, call, to, timeout=KEYS_SECONDS)
    _greet(gather, call, prompts)
    _said(gather, call, prompts)
    speak(gather, prompts, "who")


def _pin(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    gather = _gather(document, call, to, timeout=KEYS_SECONDS)
    _said(gather, call, prompts)
    speak(gather, prompts, "pin")


def _checking(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    # only a repeat of the webhook that brought the PIN hears this: the first one is at it
    speak(document, prompts, "checking")
    document.pause(length=1)
    document.redirect(to.caller(call.contact, "wait"), method="POST")


def _topic(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    gather = _gather(document, call, to, digits=1, timeout=KEYS_SECONDS)
    _greet(gather, call, prompts)
    _said(gather, call, prompts)
    for choice in call.entry.menu:
        label = choice.spoken(prompts.language)
        speak(gather, prompts, "topic_choice", label=label, key=choice.key)


def _wait(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    keys = to.caller(call.contact, "wait", turn=call.progress.turn)
    music = prompts.extra("music")
    coming = call.state == "handling"
    # silence is waited out by the Gather itself, so that keys count all the time
    timeout = 5 if coming else 1 if music else ROUND_SECONDS
    gather = document.gather(
        input="dtmf", num_digits=1, action=keys, method="POST", timeout=timeout
    )
    _greet(gather, call, prompts)
    _said(gather, call, prompts)
    if coming:
        speak(gather, prompts, "connecting")
    else:
        _tell_standing(gather, call, prompts)
        if call.may_call_back and not call.callback_to:
            speak(gather, prompts, "callback_offer")
        if call.may_record:
            speak(gather, prompts, "voicemail_offer")
        if call.may_call_back and not call.callback_to:
            speak(gather, prompts, "times_offer")
        speak(gather, prompts, "stay")
        if music:
            gather.play(music)
    document.redirect(to.caller(call.contact, "wait"), method="POST")


def _tell_standing(verb: Speaker, call: Call, prompts: Prompts) -> None:
    if call.state != "waiting":
        return
    if call.position is not None:
        key = "position_next" if call.position <= 1 else "position"
        speak(verb, prompts, key, position=call.position)
    if not call.servable:
        speak(verb, prompts, "nobody")
    elif call.wait_s is not None:
        prompt, minutes = spoken_wait(call.wait_s)
        speak(verb, prompts, prompt, minutes=minutes)


def _times(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    gather = _gather(document, call, to, digits=1, timeout=KEYS_SECONDS)
    if call.told and call.state == "arriving":
        gather.say(call.told, language=prompts.locale)
    speak(gather, prompts, "times")
    for key, at_ms in enumerate(call.progress.times, start=1):
        when = spoken_time(at_ms, prompts.locale, call.zone)
        speak(gather, prompts, "time_choice", when=when, key=key)


def _confirm(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    gather = _gather(document, call, to, digits=1, timeout=KEYS_SECONDS)
    number = call.progress.to or ""
    if number == call.number:
        # said aloud in a street car, the end is enough to recognise one's own number by
        speak(gather, prompts, "confirm_ending", number=spoken_digits(number[-4:]))
    else:
        speak(gather, prompts, "confirm", number=spoken_digits(number))


def _number(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    gather = _gather(document, call, to, timeout=KEYS_SECONDS)
    _said(gather, call, prompts)
    speak(gather, prompts, "number")


def _kept(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    if (at_ms := call.progress.promised_ms) is not None:
        when = spoken_time(at_ms, prompts.locale, call.zone)
        speak(document, prompts, "callback_promised", when=when)
    else:
        speak(document, prompts, "callback_kept")
    document.hangup()


def _room(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    assert call.connecting is not None
    if call.outbound and not call.met:
        speak(document, prompts, "callback_greeting", name=call.entry.name)
    # both may end it: the one who is left must not sit in an empty room
    conference(
        document,
        to,
        call.connecting.room,
        label="caller",
        action=to.caller(call.contact, "done", handling=call.connecting.handling),
    )


def _left(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    assert call.connecting is not None
    document.pause(length=GRACE_SECONDS)
    document.redirect(
        to.caller(call.contact, "lost", handling=call.connecting.handling), method="POST"
    )


def _offer(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    gather = _gather(document, call, to, digits=1, timeout=KEYS_SECONDS)
    if call.told:
        gather.say(call.told, language=prompts.locale)
    else:
        speak(gather, prompts, "callback_instead")
    speak(gather, prompts, "callback_offer")
    speak(gather, prompts, "stay")


def _voicemail(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    if call.told:
        document.say(call.told, language=prompts.locale)
    speak(document, prompts, "voicemail")
    document.record(
        action=to.caller(call.contact, "recorded"),
        method="POST",
        max_length=MESSAGE_SECONDS,
        timeout=10,
        finish_on_key="#",
        play_beep=True,
    )
    # Record asks its action only when something was said
    speak(document, prompts, "goodbye")
    document.hangup()


def _rate(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    gather = _gather(document, call, to, digits=1, timeout=KEYS_SECONDS)
    _said(gather, call, prompts)
    speak(gather, prompts, "rate")


def _bye(document: Any, call: Call, prompts: Prompts, to: Addresses) -> None:
    if call.outcome == "closed" or (call.leads == "close" and call.state == "arriving"):
        if call.closed:
            document.say(call.closed, language=prompts.locale)
        else:
            speak(document, prompts, "closed")
    elif call.message and call.outcome is None:
        speak(document, prompts, "voicemail_kept")
    elif call.outcome == "merged":
        speak(document, prompts, "callback_kept")
    elif call.progress.step == "rated":
        speak(document, prompts, "thanks")
    else:
        speak(document, prompts, "goodbye")
    document.hangup()


_ANSWERS: dict[str, Callable[[Any, Call, Prompts, Addresses], None]] = {
    "language": _language,
    "who": _who,
    "pin": _pin,
    "checking": _checking,
    "topic": _topic,
    "wait": _wait,
    "offer": _offer,
    "times": _times,
    "confirm": _confirm,
    "number": _number,
    "kept": _kept,
    "room": _room,
    "left": _left,
    "voicemail": _voicemail,
    "rate": _rate,
    "bye": _bye,
}
