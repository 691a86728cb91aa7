"""What every document is made of: where Twilio is sent, what is said, and the short documents.

Nothing here needs a store, so these answers are there in any trouble.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from twilio.twiml.voice_response import VoiceResponse

from router.channels.voice.call import Entry
from router.channels.voice.prompts import DEFAULT_LANGUAGE, Prompts

CONFERENCE_EVENTS = "start end join leave hold"


class Speaker(Protocol):
    """A verb that Say, Play and Pause may stand in: the response itself or a Gather."""

    def say(self, message: str, **attributes: Any) -> Any: ...
    def play(self, url: str, **attributes: Any) -> Any: ...


@dataclass(frozen=True)
class Addresses:
    """The absolute addresses that Twilio is sent to. base: PUBLIC_URL without a slash."""

    base: str

    def caller(self, contact: UUID, name: str, **query: object) -> str:
        return self._with(f"{self.base}/twilio/voice/{contact}/{name}", query)

    def agent(self, handling: UUID, name: str, **query: object) -> str:
        return self._with(f"{self.base}/twilio/voice/agent/{handling}/{name}", query)

    def plain(self, name: str, **query: object) -> str:
        return self._with(f"{self.base}/twilio/voice/{name}", query)

    @staticmethod
    def _with(address: str, query: dict[str, object]) -> str:
        # our values are ids, numbers and languages: nothing in them needs quoting
        return address + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")


def speak(verb: Speaker, prompts: Prompts, prompt: str, /, **values: object) -> None:
    """Say a prompt, or play it where it is the address of a file."""
    text = prompts.text(prompt, **values)
    if text.startswith("https://"):
        verb.play(text)
        return
    attributes = {"language": prompts.locale}
    if voice := prompts.extra("voice"):
        attributes["voice"] = voice
    verb.say(text, **attributes)


def conference(
    document: Any, to: Addresses, room: str, *, label: str, action: str | None = None
) -> None:
    """Dial into the room. label: unique in it; a second one is refused (16026)."""
    dial = document.dial(action=action, method="POST") if action else document.dial()
    dial.conference(
        room,
        participant_label=label,
        beep="false",
        start_conference_on_enter=True,
        end_conference_on_exit=True,
        wait_url="",
        status_callback=to.plain("conference"),
        status_callback_method="POST",
        status_callback_event=CONFERENCE_EVENTS,
    )


def trouble(address: str, language: str = DEFAULT_LANGUAGE) -> str:
    """Keeps a caller on the line while a store is away: then asks again. Needs nothing."""
    document = VoiceResponse()
    speak(document, Prompts(language), "trouble")
    document.pause(length=5)
    document.redirect(address, method="POST")
    return str(document)


def nothing() -> str:
    """For callbacks, which want no instructions."""
    return str(VoiceResponse())


def hang_up(language: str = DEFAULT_LANGUAGE) -> str:
    """For a call that we know nothing of."""
    document = VoiceResponse()
    speak(document, Prompts(language), "goodbye")
    document.hangup()
    return str(document)


def refuse() -> str:
    """For a number that is nobody's entry point: the call is not even answered."""
    document = VoiceResponse()
    document.reject()
    return str(document)


def hold(language: str, entry: Entry | None) -> str:
    """What a caller hears on hold; Twilio plays it again and again."""
    document = VoiceResponse()
    prompts = Prompts(language, entry.prompts if entry else None)
    speak(document, prompts, "hold")
    if music := prompts.extra("music"):
        document.play(music)
    else:
        document.pause(length=15)
    return str(document)
