"""What happened while faults were injected: what was asked and answered, what the live store told
in its own order, and what the truth and the live picture hold when all is quiet.

Times are seconds since 1970 by this machine's clock, which PostgreSQL stamps rows with as well.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Result = Literal["running", "done", "failed", "unknown"]
"""done, failed: it was answered. unknown: no answer, or one that leaves it open (a 5xx)."""


@dataclass
class Operation:
    """One request of a person or an agent. key: the person's own, of an arrival. contact: whose
    it is, once known. code: of the error that answered it."""

    number: int
    verb: str
    key: str = ""
    contact: str = ""
    agent: str = ""
    invoked: float = 0.0
    answered: float | None = None
    result: Result = "running"
    code: str = ""

    def done(self, contact: str = "") -> None:
        self._answer("done", contact=contact)

    def failed(self, code: str) -> None:
        self._answer("failed", code)

    def unknown(self, code: str = "") -> None:
        self._answer("unknown", code)

    def _answer(self, result: Result, code: str = "", contact: str = "") -> None:
        self.answered = time.time()
        self.result, self.code = result, code
        self.contact = contact or self.contact


class Told(NamedTuple):
    """One event of the live store. what: waiting, offer, offer_gone, handling or ended; and, by
    whoever injects faults, `emptied`: the store has lost what it held, open offers with it."""

    at: float
    what: str
    contact: str = ""
    agent: str = ""
    offer: str = ""
    why: str = ""


class Contact(NamedTuple):
    """A contact as the truth has it at the end. line: those of one line are alike. arrived: its
    place in line. moved: its place has changed since (it was given back), so it is in no order."""

    id: str
    key: str
    line: str
    arrived: float
    state: Literal["arriving", "waiting", "handling", "ended"]
    outcome: str | None = None
    ended: float | None = None
    moved: bool = False


class Hand(NamedTuple):
    """A handling as the truth has it. left: when the contact was no longer with this agent. done:
    when the hand was free."""

    id: str
    contact: str
    agent: str
    channel: str
    accepted: float
    left: float | None = None
    done: float | None = None


class End(NamedTuple):
    """An end that somebody saw on the way."""

    contact: str
    outcome: str


@dataclass
class Rest:
    """The live picture when all is quiet, and what is left to do. loads: by agent and channel.
    offers: agents with an open one. waiting: contacts in line. ringing: offers with a deadline.
    outbox: operations that are not applied."""

    loads: dict[tuple[str, str], int] = field(default_factory=dict)
    offers: dict[str, str] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    ringing: set[str] = field(default_factory=set)
    outbox: int = 0


class History:
    """The record of one run. capacity: by agent and channel."""

    def __init__(self, capacity: Mapping[tuple[str, str], int] | None = None) -> None:
        self.capacity: dict[tuple[str, str], int] = dict(capacity or {})
        self.operations: list[Operation] = []
        self.told: list[Told] = []
        self.ends: list[End] = []
        self.contacts: list[Contact] = []
        self.hands: list[Hand] = []
        self.rest: Rest | None = None
        self._numbers = itertools.count(1)

    def invoked(self, verb: str, *, key: str = "", contact: str = "", agent: str = "") -> Operation:
        """A request goes out; tell the answer to what this returns."""
        operation = Operation(next(self._numbers), verb, key, contact, agent, time.time())
        self.operations.append(operation)
        return operation

    def of(self, verb: str, *results: Result) -> list[Operation]:
        """Operations of this verb, with these results if any are named."""
        return [
            each
            for each in self.operations
            if each.verb == verb and (not results or each.result in results)
        ]
