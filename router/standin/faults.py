"""Faults on demand: webhooks that come twice, late, in another order or never, and REST calls
that act and then do not answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

What = Literal["drop", "duplicate", "delay", "reorder"]


@dataclass
class Fault:
    """times: how often it still happens; None: always. seconds: of a delay, stand-in time."""

    what: What
    event: str
    times: int | None
    seconds: float = 0.0


@dataclass
class RestFault:
    """acts: the change is made, then no answer comes. code: refuse with it instead."""

    name: str
    acts: bool
    code: int | None
    times: int | None


class Faults:
    """Rules by event, `*` for each; the first rule of a kind that fits counts."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._rest: list[RestFault] = []

    def drop(self, event: str, *, times: int | None = None) -> None:
        """It is never sent. A document that is never asked for is an application error."""
        self._rules.append(Fault("drop", event, times))

    def duplicate(self, event: str = "*", *, times: int | None = None) -> None:
        """It is sent twice, the second one after the first was answered."""
        self._rules.append(Fault("duplicate", event, times))

    def delay(self, event: str, seconds: float, *, times: int | None = None) -> None:
        self._rules.append(Fault("delay", event, times, seconds))

    def reorder(self, event: str, *, times: int | None = 1) -> None:
        """It is held back until the next one from the same source has been sent."""
        self._rules.append(Fault("reorder", event, times))

    def rest(
        self, name: str, *, acts: bool = True, code: int | None = None, times: int | None = 1
    ) -> None:
        """name: `calls.create`, `calls.update`, `participants.update` …; `*` for each."""
        self._rest.append(RestFault(name, acts, code, times))

    def too_many(self, name: str = "*", *, times: int | None = 1) -> None:
        """Twilio has had too many requests at once."""
        self.rest(name, acts=False, code=20429, times=times)

    def clear(self) -> None:
        self._rules.clear()
        self._rest.clear()

    def take(self, what: What, event: str) -> Fault | None:
        """The fault of this kind that befalls this event, used up by one."""
        for rule in self._rules:
            if rule.what == what and rule.event in (event, "*") and rule.times != 0:
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None

    def take_rest(self, name: str) -> RestFault | None:
        for rule in self._rest:
            if rule.name in (name, "*") and rule.times != 0:
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None
