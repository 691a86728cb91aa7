"""What a caller is asked next, and what their keys mean. Pure.

A key press is fenced by the question and the turn that it answers: Twilio repeats a webhook
whose answer was slow, and a repeat must not answer the next question.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from router.channels.voice.call import Call, Entry, Progress, Question, Step
from router.identity.numbers import normalise

TRIES = 3
"""Wrong answers to one question, and wrong PINs in one call, before it goes on without."""
TIMES = 6
"""So many times nobody forgets while hearing them."""
EXPERT_DIGITS = range(4, 13)


def begin(entry: Entry, *, identified: bool, speaks: Sequence[str] = ()) -> Progress:
    """The dialogue of a call that has just come in.

    speaks: the caller's languages, where they are known: then nobody asks for one.
    """
    language = next((each for each in speaks if each in entry.languages), None)
    step = _after("start" if language is None else "language", entry, identified=identified)
    return Progress(turn=1, step=step, language=language)


def _after(step: str, entry: Entry, *, identified: bool) -> Step:
    """The next thing to ask on the way to the line."""
    order: tuple[tuple[Step, bool], ...] = (
        ("language", len(entry.languages) > 1),
        ("who", not identified),
        ("topic", bool(entry.menu)),
    )
    names = ["start", *(name for name, _ in order)]
    for name, needed in order[names.index(step) :]:
        if needed:
            return name
    return "line"


def question(call: Call) -> Question:
    """What this caller is being asked, or hears, right now."""
    step = call.progress.step
    match call.state:
        case "arriving":
            if call.callback_to:
                return "kept"  # postponed: nobody answered the last time
            if call.leads == "voicemail":
                return "voicemail"
            if call.leads == "close":
                return "bye"
            if call.leads == "callback" and step in ("times", "confirm", "number"):
                return step
            if step in ("language", "who", "pin", "checking", "topic"):
                return step
            return "wait"
        case "waiting":
            if call.message:
                return "bye"
            if call.callback_to and (step == "callback" or not call.outbound):
                return "kept"
            if step in ("times", "confirm", "number"):
                return step
            return "offer" if call.leads == "callback" and not call.progress.asked else "wait"
        case "handling":
            return _while_handled(call)
        case "ended":
            if call.rateable and step not in ("rated", "over"):
                return "rate"
            return "bye"


def hung_up(call: Call) -> Literal["completed", "abandoned", "unreached"] | None:
    """What the end of this leg makes of the contact; None: nothing.

    unreached: the person whom we called back did not answer.
    """
    if call.state == "ended" or (call.callback_to and not call.outbound):
        return None  # whoever has asked for a callback may hang up
    if not call.callback_to and (call.message or call.leads == "voicemail"):
        return None  # so may whoever has left a message; it may come after this word
    if call.state == "handling":
        if call.connecting is not None and call.connecting.active:
            return "completed"
        return "unreached" if call.outbound else "abandoned"
    return None if call.callback_to else "abandoned"


def _while_handled(call: Call) -> Question:
    if call.callback_to and not call.outbound:
        return "kept"
    if call.message and not call.callback_to:
        return "bye"
    if call.connecting is None:
        return "wait"
    if call.connecting.left:
        return "left"
    return "room" if call.connecting.agent_in else "wait"


def press(call: Call, asked: str, turn: int, keys: str | None) -> Progress:
    """The progress after these keys; the same one if they answer something else.

    asked, turn: what the keys answer, from the address that they came to.
    keys: digits, * and #; empty or None: the time is up.
    """
    now = call.progress
    if turn != now.turn or asked != question(call):
        return now
    keys = keys or ""
    fresh = replace(now, turn=now.turn + 1, said=None)
    match asked:
        case "language":
            return _language(call, fresh, keys)
        case "who":
            return _who(call, fresh, keys)
        case "pin":
            if not keys.isdigit():
                return _anonymous(call, fresh)
            return replace(fresh, step="checking", tries=0)
        case "topic":
            return _topic(call, fresh, keys)
        case "wait":
            return _wait(call, fresh, keys) if keys else now
        case "offer":
            return _wait(call, replace(fresh, asked=True), keys)
        case "times":
            return _times(call, fresh, keys)
        case "confirm":
            return _confirm(call, fresh, keys)
        case "number":
            return _number(call, fresh, keys)
        case "rate":
            return _rate(fresh, keys)
    return now


def _language(call: Call, fresh: Progress, keys: str) -> Progress:
    languages = call.entry.languages
    chosen = int(keys) - 1 if keys.isdecimal() else -1
    if not 0 <= chosen < len(languages) and fresh.tries + 1 < TRIES - 1:
        return replace(fresh, tries=fresh.tries + 1)
    language = languages[chosen] if 0 <= chosen < len(languages) else call.entry.language
    step = _after("language", call.entry, identified=call.identified)
    return replace(fresh, language=language, step=step, tries=0)


def _who(call: Call, fresh: Progress, keys: str) -> Progress:
    if not keys or "*" in keys:
        return _anonymous(call, fresh)
    if keys.isdecimal() and len(keys) in EXPERT_DIGITS:
        return replace(fresh, step="pin", expert_number=keys, tries=0)
    if fresh.tries + 1 < TRIES:
        return replace(fresh, tries=fresh.tries + 1, said="who_wrong")
    return _anonymous(call, fresh)


def _anonymous(call: Call, fresh: Progress) -> Progress:
    """On without an expert number: the customers' lane."""
    step = _after("who", call.entry, identified=True)
    return replace(fresh, step=step, expert_number=None, tries=0)


def checked(call: Call, *, right: bool, throttled: bool = False) -> Progress:
    """The progress after a PIN's check."""
    now = replace(call.progress, turn=call.progress.turn + 1, at_ms=None, said=None, tries=0)
    if right:
        return _anonymous(call, now)
    pins = now.pins + 1
    if throttled or pins >= TRIES:
        return replace(_anonymous(call, now), pins=pins, said="pin_locked")
    return replace(now, step="who", pins=pins, expert_number=None, said="pin_wrong")


def _topic(call: Call, fresh: Progress, keys: str) -> Progress:
    choice = next((each for each in call.entry.menu if each.key == keys), None)
    if choice is None and fresh.tries + 1 < TRIES:
        return replace(fresh, tries=fresh.tries + 1, said="topic_wrong" if keys else None)
    return replace(fresh, topic=choice.topic if choice else None, step="line", tries=0)


def _wait(call: Call, fresh: Progress, keys: str) -> Progress:
    if call.state != "waiting":  # an agent is already coming
        return replace(fresh, step="line")
    if keys == "1" and call.may_call_back:
        return replace(fresh, step="confirm" if call.number else "number", to=call.number)
    if keys == "2" and call.may_record:
        return replace(fresh, step="voicemail")
    if keys == "3" and call.may_call_back:
        return replace(fresh, step="times")  # which ones, the service looks up
    return replace(fresh, step="line")


def offered(now: Progress, times: Sequence[int]) -> Progress:
    """The progress with the times that can be promised; without any, back to where it was."""
    if not times:
        return replace(now, step="line", said="no_times", asked=True)
    return replace(now, step="times", times=tuple(times[:TIMES]), asked=True)


def _times(call: Call, fresh: Progress, keys: str) -> Progress:
    chosen = int(keys) - 1 if keys.isdecimal() else -1
    if not 0 <= chosen < len(fresh.times):
        return replace(fresh, step="line", times=())
    step: Step = "confirm" if call.number else "number"
    return replace(fresh, step=step, to=call.number, promised_ms=fresh.times[chosen], times=())


def _confirm(call: Call, fresh: Progress, keys: str) -> Progress:
    if keys == "1" and fresh.to:
        return replace(fresh, step="callback")
    if keys == "2":
        return replace(fresh, step="number", to=None, tries=0)
    return replace(fresh, step="line", to=None, promised_ms=None)


def _number(call: Call, fresh: Progress, keys: str) -> Progress:
    if keys.isdecimal() and (to := normalise(keys, call.entry.country)):
        return replace(fresh, step="confirm", to=to, tries=0)
    if keys and "*" not in keys and fresh.tries + 1 < TRIES:
        return replace(fresh, tries=fresh.tries + 1, said="number_wrong")
    return replace(fresh, step="line", to=None, promised_ms=None, tries=0)


def _rate(fresh: Progress, keys: str) -> Progress:
    if keys in ("1", "2", "3", "4", "5"):
        return replace(fresh, step="rated", stars=int(keys))
    if keys and fresh.tries + 1 < TRIES:
        return replace(fresh, tries=fresh.tries + 1, said="rate_wrong")
    return replace(fresh, step="over")
