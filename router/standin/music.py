"""What somebody hears who waits for a conference or is on hold.

Only Say, Play, Pause and Redirect are allowed there (13238); after the last verb it is silent.
"""

from __future__ import annotations

from router.standin.calls import Call
from router.standin.documents import Unreadable
from router.standin.speaking import SPEAKING
from router.standin.steps import Ask, load
from router.standin.webhooks import Unobtainable

DEFAULT = "twilio:hold-music"
"""What is played where no address was given: Twilio's own music, without end."""
_ALLOWED = {*SPEAKING, "Redirect"}


class NoMusic(Exception):
    """The document could not be had, or has a verb that is not allowed; it is noted."""


async def play(
    call: Call, url: str | None, method: str, event: str, params: dict[str, str]
) -> None:
    """Play until the document ends; cancel it to stop. url: None for Twilio's own, "" for
    silence. Raises NoMusic."""
    if url is None:
        call.add("played", url=DEFAULT, seconds=0)
        return
    ask: Ask | None = Ask(url, method, event, params) if url else None
    while ask is not None:
        try:
            document = await load(call, ask)
        except (Unobtainable, Unreadable) as error:
            raise NoMusic from error
        ask = None
        for verb in document.verbs:
            if verb.name not in _ALLOWED:
                detail = f"{verb.name} in {document.url}"
                call.standin.webhooks_out.note(13238, detail, call.sid)
                raise NoMusic
        for verb in document.verbs:
            if verb.name == "Redirect":
                ask = Ask(document.address(verb.text), verb.method(), event, params)
                break
            await SPEAKING[verb.name](call, verb, document)
