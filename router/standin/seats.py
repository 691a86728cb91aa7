"""How somebody sits in a conference."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

from router.standin.calls import Call

LARGEST = 250
"""Participants in one conference."""


@dataclass(frozen=True)
class Seat:
    """How a participant wants to sit. coach: the SID of the call that alone hears them.

    wait_url: None for Twilio's music, "" for silence. callback…: the conference's, and counts
    only with its first participant.
    """

    label: str | None = None
    muted: bool = False
    start_on_enter: bool = True
    end_on_exit: bool = False
    coach: str | None = None
    wait_url: str | None = None
    wait_method: str = "POST"
    most: int = LARGEST
    callback: str | None = None
    callback_method: str = "POST"
    callback_events: frozenset[str] = frozenset()


@dataclass(eq=False)
class Participant:
    call: Call
    seat: Seat
    muted: bool
    end_on_exit: bool
    coach: str | None
    joined: float
    hold: bool = False
    updated: float = 0.0
    left: asyncio.Future[str] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    playing: asyncio.Task[None] | None = None

    def stop_playing(self) -> None:
        if self.playing is not None:
            self.playing.cancel()
            self.playing = None

    def leave(self, reason: str) -> None:
        if not self.left.done():
            self.left.set_result(reason)

    @property
    def told(self) -> dict[str, str]:
        """What status callbacks say of a participant."""

        def word(flag: Any) -> str:
            return str(bool(flag)).lower()

        about = {
            "CallSid": self.call.sid,
            "Muted": word(self.muted),
            "Hold": word(self.hold),
            "Coaching": word(self.coach),
            "EndConferenceOnExit": word(self.end_on_exit),
            "StartConferenceOnEnter": word(self.seat.start_on_enter),
        }
        if self.seat.label is not None:
            about["ParticipantLabel"] = self.seat.label
        return about


def bad_label(label: str) -> bool:
    """https://www.twilio.com/docs/api/errors/16023"""
    like_a_call = re.fullmatch(r"CA[0-9a-f]{32}", label) is not None
    return len(label) > 128 or like_a_call or "/" in label or "%2f" in label.lower()
