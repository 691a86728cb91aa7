"""One caller's call as everything that is answered to it depends on. Plain values, pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import msgspec

Question = Literal[
    "language",  # which language?
    "who",  # an expert's number?
    "pin",  # and the PIN?
    "checking",  # the PIN is being checked
    "topic",  # what about?
    "wait",  # a round of the waiting loop
    "offer",  # a callback instead of waiting on?
    "times",  # when shall we call?
    "confirm",  # call back on this number?
    "number",  # on which number then?
    "kept",  # you will be called back
    "room",  # in the conference with the agent
    "left",  # out of it, and nobody has said why yet
    "voicemail",  # the message
    "rate",  # how was it?
    "bye",  # nothing is left to say
]
"""What a caller is being asked, or hears, right now."""

Step = Literal[
    "language",
    "who",
    "pin",
    "checking",
    "topic",
    "line",
    "times",
    "confirm",
    "number",
    "callback",
    "voicemail",
    "rated",
    "over",
]


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the caller has told us by keys; kept with the leg.

    turn: counts answers; a key press names the turn it answers, so a repeat finds another one.
    step: where the dialogue stands, or what the caller has chosen and the contact must show.
    said: a prompt to say before the next question ("pin_wrong").
    tries: wrong answers to the present question. pins: wrong PINs in this call.
    language, topic: as chosen. expert_number: as entered, until its PIN is right or given up.
    to: the number to call back. asked: the callback that the policy offers was offered.
    times: to be called at, as told (ms); promised_ms: the one that was chosen.
    stars: the rating by keypad. at_ms: begin of a PIN's check.
    """

    turn: int = 0
    step: Step = "line"
    said: str | None = None
    tries: int = 0
    pins: int = 0
    language: str | None = None
    topic: str | None = None
    expert_number: str | None = None
    to: str | None = None
    asked: bool = False
    times: tuple[int, ...] = ()
    promised_ms: int | None = None
    stars: int | None = None
    at_ms: int | None = None


class Choice(msgspec.Struct, frozen=True):
    """One key of an entry point's menu: `{"key": "1", "topic": "router", "label": {…}}`."""

    key: str
    topic: str
    label: Mapping[str, str] = {}
    skills: tuple[str, ...] = ()

    def spoken(self, language: str) -> str:
        """The label in this language, or in any, or the topic's own name."""
        return self.label.get(language) or next(iter(self.label.values()), self.topic)


@dataclass(frozen=True)
class Entry:
    """The dialled number. name: as spoken to callers. country: of the workspace (ISO 3166)."""

    id: UUID
    workspace_id: UUID
    address: str
    name: str
    country: str = "DE"
    language: str = "en"
    languages: tuple[str, ...] = ("en",)
    menu: tuple[Choice, ...] = ()
    prompts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Mapping[str, Any], country: str) -> Entry:
        """From the entry point's row as JSON, and its workspace's country."""
        return cls(
            id=UUID(row["id"]),
            workspace_id=UUID(row["workspace_id"]),
            address=row["address"],
            name=row["name"],
            country=country,
            language=row["language"],
            languages=tuple(row["languages"]) or (row["language"],),
            menu=tuple(msgspec.convert(row["menu"], list[Choice])),
            prompts=row["prompts"],
        )


@dataclass(frozen=True)
class Connecting:
    """The handling that the caller is being brought to, or is in.

    room: the conference. agent_in: the agent's leg is in it. active: the caller was sent there,
    too. left: the caller came out of it again.
    """

    handling: UUID
    room: str
    agent_in: bool = False
    active: bool = False
    left: bool = False


@dataclass(frozen=True)
class Call:
    """A contact as the caller's leg sees it.

    identified: assurance above 0. number: E.164, None: withheld. position: never worse than
    the last one told. wait_s: None: not known, or nobody could serve. closed: the queue's
    announcement, or what the policy says instead of it. may_call_back, may_record: the queue's
    policy. leads: what it offers instead of waiting; told: with which words. message: the caller
    has left one. zone: in which times are told. outbound: we called them.
    met: this leg has been in a room before.
    rateable: ended after a conversation, and not rated yet.
    """

    contact: UUID
    state: Literal["arriving", "waiting", "handling", "ended"]
    language: str
    entry: Entry
    progress: Progress = field(default_factory=Progress)
    zone: str = "UTC"
    identified: bool = False
    number: str | None = None
    outbound: bool = False
    met: bool = False
    position: int | None = None
    wait_s: float | None = None
    servable: bool = True
    closed: str | None = None
    may_call_back: bool = True
    may_record: bool = False
    leads: str | None = None
    told: str | None = None
    message: bool = False
    callback_to: str | None = None
    connecting: Connecting | None = None
    outcome: str | None = None
    rateable: bool = False

    @property
    def spoken_language(self) -> str:
        """What to speak: the choice counts from the moment it is made."""
        return self.progress.language or self.language
