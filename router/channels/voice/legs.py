"""A leg is one call between Twilio and one party: its states, pure.

    ringing → live → joined ⇄ live → ended

Twilio's callbacks come doubled, out of order, late, or never. A call's own states only go
forward, and `ended` absorbs, so their order does not matter. Joining and leaving a
conference go both ways: their order is the room's (attempts are numbered) and, in one room,
the conference's sequence number.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

Party = Literal["caller", "agent", "supervisor"]
State = Literal["ringing", "live", "joined", "ended"]

_OF_STATUS: dict[str, State] = {
    "queued": "ringing",
    "initiated": "ringing",
    "ringing": "ringing",
    "in-progress": "live",
    "answered": "live",
    "completed": "ended",
    "busy": "ended",
    "failed": "ended",
    "no-answer": "ended",
    "canceled": "ended",
}
_RANK: dict[State, int] = {"ringing": 0, "live": 1, "joined": 1, "ended": 2}


@dataclass(frozen=True)
class Leg:
    """One call. sequence: of the newest conference event applied, in `room`.

    data: of a caller: progress, number, outbound, left (see `store.py`); of any: why it
    ended (`status`) and its conference's SID.
    """

    call_sid: str
    workspace_id: UUID
    contact_id: UUID
    handling_id: UUID | None
    party: Party
    state: State
    sequence: int = -1
    heard_at: datetime | None = None
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        return self.state != "ended"

    @property
    def room(self) -> str | None:
        return self.data.get("room")


@dataclass(frozen=True)
class Status:
    """A call's state as Twilio names it; unknown names change nothing. seconds: how long it was."""

    status: str
    seconds: int | None = None

    @property
    def last(self) -> bool:
        return _OF_STATUS.get(self.status) == "ended"


@dataclass(frozen=True)
class Joined:
    """In the conference. room: `contact.generation.attempt`."""

    room: str
    conference: str
    sequence: int


@dataclass(frozen=True)
class Left:
    """Out of the conference."""

    room: str
    conference: str
    sequence: int


Event = Status | Joined | Left


def heard(leg: Leg, event: Event) -> Leg:
    """The leg after this event: the same one if it is stale, doubled or unknown."""
    match event:
        case Status(status, seconds):
            state = _OF_STATUS.get(status)
            if state is None or _RANK[state] <= _RANK[leg.state]:
                return leg
            data = {**leg.data, "status": status} if state == "ended" else leg.data
            if state == "ended" and seconds is not None:
                data = {**data, "seconds": seconds}
            return replace(leg, state=state, data=data)
        case Joined(room, conference, sequence) | Left(room, conference, sequence):
            if (_place(room), sequence) <= (_place(leg.room), leg.sequence):
                return leg
            state = leg.state
            if leg.open:
                state = "joined" if isinstance(event, Joined) else "live"
            data = {**leg.data, "room": room, "conference": conference}
            return replace(leg, state=state, sequence=sequence, data=data)


def _place(room: str | None) -> tuple[int, ...]:
    """A contact's rooms are ordered by generation and attempt; none is before all."""
    if room is None:
        return (-1,)
    numbers = room.split(".")[1:]
    return tuple(int(number) for number in numbers) if all(map(str.isdigit, numbers)) else (0,)
