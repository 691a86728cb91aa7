"""Say, Play and Pause: what is heard, and for how long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from router.standin.calls import Call
from router.standin.documents import Document, Verb

FOREVER = 1_000
"""Rounds of loop=0, which Twilio repeats until the caller is gone."""


def _rounds(verb: Verb) -> int:
    loop = int(verb.number("loop", 1))
    return FOREVER if loop == 0 else max(1, loop)


async def say(call: Call, verb: Verb, document: Document) -> None:
    seconds = len(verb.text) * call.standin.config.seconds_per_character
    for _ in range(_rounds(verb)):
        call.add("said", text=verb.text, language=verb.get("language", "en-US"), seconds=seconds)
        await call.standin.clock.sleep(seconds)


async def play(call: Call, verb: Verb, document: Document) -> None:
    seconds = call.standin.config.seconds_per_file
    url = document.address(verb.text) if verb.text else f"digits:{verb.get('digits')}"
    for _ in range(_rounds(verb)):
        call.add("played", url=url, seconds=seconds)
        await call.standin.clock.sleep(seconds)


async def pause(call: Call, verb: Verb, document: Document) -> None:
    seconds = verb.number("length", 1)
    call.add("pause", seconds=seconds)
    await call.standin.clock.sleep(seconds)
    if not call.over_now:
        call.answer()


SPEAKING: dict[str, Callable[[Call, Verb, Document], Awaitable[None]]] = {
    "Say": say,
    "Play": play,
    "Pause": pause,
}
