"""Contacts and handlings as the truth has them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from router.store.truth import Row

Channel = Literal["voice", "chat", "video"]
Role = Literal["expert", "customer"]
By = Literal["person", "agent", "supervisor", "system"]
Outcome = Literal[
    "completed", "abandoned", "unreachable", "voicemail", "closed", "failed", "merged"
]
Ending = Literal["completed", "escalated", "transferred", "lost", "no_connect", "abandoned"]


@dataclass(frozen=True)
class Contact:
    """One request on one channel, from arrival to its one terminal outcome; mirrors the table."""

    id: UUID
    workspace_id: UUID
    channel: Channel
    entry_point_id: UUID | None
    provider_key: str
    person_id: UUID
    role: Role
    assurance: int
    language: str
    skills: list[str]
    topic: str | None
    queue_id: UUID
    state: Literal["arriving", "waiting", "handling", "ended"]
    generation: int
    arrived_at: datetime
    queued_at: datetime | None
    line_at: datetime | None
    head_start: timedelta
    prefer_agent_id: UUID | None
    callback_to: str | None
    callback_tries: int
    secret_hash: bytes | None
    last_seq: int
    told_position: int | None
    outcome: Outcome | None
    ended_by: By | None
    ended_at: datetime | None
    due_at: datetime | None
    overflowed: int
    leads: dict[str, Any] | None

    @property
    def unheard_caller(self) -> bool:
        """A recording whose caller nobody has called back."""
        return self.channel == "voice" and self.due_at is not None and self.callback_to is None

    @classmethod
    def of(cls, row: Row) -> Contact:
        """From a row of `contact`."""
        return cls(*[row[name] for name in _CONTACT])


@dataclass(frozen=True)
class Handling:
    """An accepted contact in one agent's hands; mirrors the table."""

    id: UUID
    workspace_id: UUID
    contact_id: UUID
    agent_id: UUID
    offer_id: str
    channel: Channel
    queue_id: UUID
    line_at: datetime
    state: Literal["connecting", "active", "wrapup", "done"]
    accepted_at: datetime
    connected_at: datetime | None
    ended_at: datetime | None
    done_at: datetime | None
    wrapup_limit: datetime | None
    ending: (
        Literal["completed", "escalated", "transferred", "lost", "no_connect", "abandoned"] | None
    )
    outcome: str | None
    note: str | None
    hand_over: dict[str, Any] | None

    @classmethod
    def of(cls, row: Row) -> Handling:
        """From a row of `handling`."""
        return cls(*[row[name] for name in _HANDLING])


_CONTACT = [field.name for field in fields(Contact)]
_HANDLING = [field.name for field in fields(Handling)]


@dataclass(frozen=True)
class HandOver:
    """What the next agent must know: why it is passed on, what was asked, what was tried."""

    reason: str
    asked: str
    tried: str


@dataclass(frozen=True)
class Standing:
    """Where a waiting contact is.

    position: from 1, never worse than the last one told. expected_wait_s: None while nobody
    could serve or nothing is known. servable: somebody signed in could serve it, now or in a
    later step.
    """

    state: str
    position: int | None
    expected_wait_s: int | None
    servable: bool
