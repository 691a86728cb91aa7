"""What a call does next: ask for a document and run it, run one that it was given, or end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.standin.calls import Call, Over, Step
from router.standin.documents import Document, Unreadable, parse
from router.standin.webhooks import Unobtainable

TROUBLE = "We are sorry, an application error has occurred. Goodbye."
"""What Twilio says to a caller whose document cannot be had."""


@dataclass(frozen=True)
class Ask:
    """Ask an address for a document and run it. event: for faults and the record."""

    url: str
    method: str = "POST"
    event: str = "redirect"
    params: Mapping[str, str] = field(default_factory=dict)

    async def take(self, call: Call) -> Step | None:
        try:
            document = await load(call, self)
        except (Unobtainable, Unreadable):
            return Trouble()
        return Run(document)


@dataclass(frozen=True)
class Run:
    """Run the verbs of a document in order; after the last one Twilio hangs up."""

    document: Document

    async def take(self, call: Call) -> Step | None:
        from router.standin.verbs import perform  # verbs lead to steps again

        for place, verb in enumerate(self.document.verbs):
            step = await perform(call, verb, self.document, place)
            if step is not None:
                return step
        call.answer()
        return None


@dataclass(frozen=True)
class End:
    status: str = "completed"

    async def take(self, call: Call) -> Step | None:
        raise Over(self.status)


@dataclass(frozen=True)
class Trouble:
    """The caller hears that an application error has occurred, and the call ends."""

    async def take(self, call: Call) -> Step | None:
        call.answer()
        seconds = len(TROUBLE) * call.standin.config.seconds_per_character
        call.add("said", text=TROUBLE, language="en-US", seconds=seconds)
        await call.standin.clock.sleep(seconds)
        return None


async def load(call: Call, ask: Ask) -> Document:
    """Raises Unobtainable or Unreadable; both are in the debugger then."""
    out = call.standin.webhooks_out
    answer = await out.fetch(
        ask.event, ask.url, ask.method, {**call.params, **ask.params}, call.sid
    )
    if answer.audio:
        # Twilio plays a file that stands where a document should be
        return parse(f"<Response><Play>{ask.url}</Play></Response>", ask.url, _quiet)
    return parse(answer.text, ask.url, lambda code, detail: out.note(code, detail, call.sid))


def _quiet(code: int, detail: str) -> None:
    """For a document of our own."""
