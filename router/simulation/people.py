"""Made-up contacts and agents, and what became of them. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from router.simulation.load import Chance, Group, Stream, duration


class Visit(NamedTuple):
    """One stay in one queue.

    at_ms: since the run's begin. age_ms: from the contact's arrival to the end of this stay.
    outcome: answered, abandoned, blocked, diverted (where the policy led it), or left (still
    there at the end). waited: nobody was offered at once. group: who answered; -1: nobody.
    resolved: needs no second look.
    """

    queue: str
    stream: int
    at_ms: int
    wait_ms: int
    age_ms: int
    outcome: str
    waited: bool
    group: int
    resolved: bool


@dataclass(slots=True, eq=False)
class Contact:
    """A contact with all its chance, drawn when it arrives: policies meet the same people."""

    id: str
    place: int
    stream: Stream
    row: dict[str, Any]
    arrived_ms: int
    service_ms: int
    wrap_ms: int
    patience_ms: int | None
    luck: float
    second: tuple[int, int | None] | None  # service and patience after an escalation
    line_ms: int = 0
    state: str = "waiting"
    escalations: int = 0
    waited: bool = True
    offer: str | None = None
    agent: Agent | None = None


@dataclass(slots=True, eq=False)
class Agent:
    """An agent, and how long they had something in hand (busy) and were there (in) within the
    counted time. changed: when that was last added up. misses: in a row; declines: when."""

    id: str
    place: int
    group: Group
    version: int = 0
    state: str = "offline"
    hands: int = 0
    changed: int = 0
    busy_ms: int = 0
    in_ms: int = 0
    misses: int = 0
    declines: deque[int] = field(default_factory=deque)


@dataclass
class Outcome:
    """What one run brought. visits: in the order of their ends. offered_ms: the work that came in
    the counted time, the blocked included, the second work of escalations not. scripts: runs."""

    visits: list[Visit]
    agents: list[Agent]
    offered_ms: int
    scripts: int = 0


def arrival_after(after_ms: int, stream: Stream, chance: Chance, end_ms: int) -> int | None:
    """When the next contact of this stream comes; None: not before the end."""
    at = float(after_ms)
    while True:
        at += chance.expovariate(stream.most) * 60_000
        if at >= end_ms:
            return None
        # thinned where the rate is below its highest
        if not isinstance(stream.rate, tuple) or (
            chance.random() * stream.most < stream.rate_at(at / end_ms)
        ):
            return round(at)


def draw_contact(contact: str, place: int, stream: Stream, at_ms: int, chance: Chance) -> Contact:
    """A contact of a stream, with all that chance decides of it."""
    patience = duration(stream.patience) if stream.patience is not None else None
    drawn = Contact(
        id=contact,
        place=place,
        stream=stream,
        row={},
        arrived_ms=at_ms,
        service_ms=duration(stream.service).draw(chance),
        wrap_ms=duration(stream.wrap_up).draw(chance),
        patience_ms=patience.draw(chance) if patience else None,
        luck=chance.random(),
        second=None,
    )
    if stream.escalation is not None:
        # drawn for everybody, so that a changed share changes nobody else
        escalates = chance.random() < stream.escalation.share
        second = (
            duration(stream.escalation.service).draw(chance),
            patience.draw(chance) if patience else None,
        )
        drawn.second = second if escalates else None
    return drawn
