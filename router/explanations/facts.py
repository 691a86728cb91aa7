"""What an explanation is made of, and what it says: plain values. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from router.queues.kinds import Profile
from router.queues.steps import Requirement


class Named(msgspec.Struct, frozen=True):
    """Somebody or something, by id and name."""

    id: UUID
    name: str


class Count(msgspec.Struct, frozen=True):
    """How many signed in could serve a step, and how many of them are free now.

    exact: false where there were so many sorts of agents that they were sampled.
    """

    signed_in: int
    free: int
    exact: bool = True


class Step(msgspec.Struct, frozen=True):
    """A routing step of one waiting contact.

    from_ms: its begin after being put in line. ahead_ms: counts as so much older in it.
    requirement: None where its kind was forgotten meanwhile. built: agents know of it.
    """

    n: int
    kind: str
    requirement: Requirement | None
    strategy: str
    from_ms: int
    ahead_ms: int = 0
    skip: bool = False
    built: bool = True
    count: Count = Count(0, 0)


class Declined(msgspec.Struct, frozen=True):
    """An agent who is not asked again for a while. outcome: declined, missed,
    no_connect or escalated."""

    agent: Named
    outcome: str
    until_ms: int


class Offered(msgspec.Struct, frozen=True):
    """One offer and what became of it. outcome: offered while it is open, accepting.

    why: as the script told when it made it, empty where that is not known: step, kind, why, of
    (groups of alike agents compared), since (idle since, ms), load, band.
    """

    offer: str
    agent: Named
    outcome: str
    made_at: datetime
    at: datetime | None
    why: dict[str, Any]


class Preferred(msgspec.Struct, frozen=True):
    """The agent who is asked first. until_ms: nobody else is asked before; None: others are."""

    agent: Named
    until_ms: int | None


class Reserve(msgspec.Struct, frozen=True):
    """2nd-level agents of a channel: the share kept for experts, how many are there and idle."""

    share: float
    available: int
    idle: int

    @property
    def keeps(self) -> bool:
        """Whether customers must leave the last idle ones to experts."""
        # the same rule as in _match.lua
        wanted = self.share * self.available
        return self.share > 0 and self.idle - 1 < -(-wanted // 1)


class Waiting(msgspec.Struct, frozen=True):
    """A contact as both stores have it.

    state: arriving, waiting, offered, accepting, handling or ended. step: number of the present
    one, 0 out of line. position: place in the queue, from 1. with_agent: to whom it is offered,
    or in whose hands it is. deadline_ms: of the open offer.
    """

    contact: UUID
    channel: str
    state: str
    role: str
    queue: Named
    arrived_ms: int
    now_ms: int
    line_ms: int | None = None
    head_start_ms: int = 0
    position: int | None = None
    step: int = 0
    steps: tuple[Step, ...] = ()
    preferred: Preferred | None = None
    with_agent: Named | None = None
    deadline_ms: int | None = None
    outcome: str | None = None
    reserve: Reserve = Reserve(0, 0, 0)
    declined: tuple[Declined, ...] = ()
    free_declined: int = 0

    @property
    def current(self) -> Step | None:
        """The step that it is in."""
        return next((step for step in self.steps if step.n == self.step), None)


class Candidate(msgspec.Struct, frozen=True):
    """An agent as both stores have them.

    presence, reason, since_ms: as the truth has it. load, full: held contacts and capacity per
    channel; most: of all together. blocks: pairs of a held channel and one that it blocks.
    offered: an open offer of another contact. known: the live store knows of them. excluded:
    until when they are not asked for this contact. ahead: contacts that they would take first.
    """

    agent: Named
    profile: Profile
    presence: str
    reason: str | None = None
    since_ms: int | None = None
    load: dict[str, int] = {}
    most: int | None = None
    blocks: frozenset[tuple[str, str]] = frozenset()
    offered: bool = False
    excluded: Declined | None = None
    ahead: int = 0


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """One condition for offering a contact to an agent.

    code: stable. passes: it does not stand in the way. until_ms: when it passes by itself.
    """

    code: str
    passes: bool
    text: str
    until_ms: int | None = None
