"""Telephones on the far side, played by a script or by somebody at a booth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from router.standin.calls import Call
from router.standin.transcript import Part

if TYPE_CHECKING:
    from router.standin.clock import Clock

Answers = Literal["human", "mailbox", "busy", "no-answer", "failed", "held"]


@dataclass
class Phone:
    """address: E.164, sip:… or client:….

    answers: human picks up; a mailbox does too, talks, and never presses a key; held waits for
    `phone.calls[-1].pick_up()` or `.refuse()`. answers_after, presses_after, hangs_up_after:
    seconds of the stand-in's clock. presses: keys for the first question, one press each time
    keys are asked for when it is a tuple. calls: every call that rang here, oldest first.
    """

    address: str
    answers: Answers = "human"
    answers_after: float = 2.0
    presses: str | tuple[str, ...] = ()
    presses_after: float = 1.0
    hangs_up_after: float | None = None
    greeting: str = "Please leave a message after the tone."
    calls: list[Call] = field(default_factory=list)

    def rings(self, call: Call, clock: Clock) -> None:
        self.calls.append(call)
        if self.answers == "held" or self.answers == "no-answer":
            return
        if self.answers in ("busy", "failed"):
            outcome = self.answers
            clock.later(min(1.0, self.answers_after), lambda: self._set(call, outcome))
            return
        clock.later(self.answers_after, lambda: self._set(call, "answered"))
        if self.answers == "human":
            keys = [self.presses] if isinstance(self.presses, str) else list(self.presses)
            call.transcript.watch(lambda part: self._hears(call, part, keys, clock))
        else:
            call.transcript.watch(lambda part: self._greets(call, part))

    @staticmethod
    def _set(call: Call, outcome: str) -> None:
        if not call.ring.done():
            call.ring.set_result(outcome)

    def _hears(self, call: Call, part: Part, keys: list[str], clock: Clock) -> None:
        if part.kind == "gather" and keys:
            wanted = keys.pop(0)
            clock.later(self.presses_after, lambda: call.press(wanted))
        answered = part.kind == "status" and part.data["status"] == "in-progress"
        if answered and self.hangs_up_after is not None:
            clock.later(self.hangs_up_after, call.hang_up)

    def _greets(self, call: Call, part: Part) -> None:
        if part.kind == "status" and part.data["status"] == "in-progress":
            call.speak(self.greeting)
