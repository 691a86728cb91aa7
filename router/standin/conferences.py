"""Conferences: who sits in one, when it starts and ends, and what is told about it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from router.standin import music
from router.standin.calls import Call
from router.standin.clock import stamp
from router.standin.seats import LARGEST, Participant, Seat, bad_label

if TYPE_CHECKING:
    from router.standin.exchange import Standin

EVENTS = frozenset(
    {"start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"}
)
_SUBSCRIBED = {
    "conference-start": "start",
    "conference-end": "end",
    "participant-join": "join",
    "participant-leave": "leave",
    "participant-mute": "mute",
    "participant-unmute": "mute",
    "participant-hold": "hold",
    "participant-unhold": "hold",
    "participant-modify": "modify",
}


class Refusal(Exception):
    """Not let in. code: of FACTS; None: why is in the debugger already."""

    def __init__(self, code: int | None, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(eq=False)
class Conference:
    """status: init, in-progress, completed. expected: calls on their way into it, with labels."""

    standin: Standin
    sid: str
    name: str
    created: float
    first: Seat
    status: str = "init"
    updated: float = 0.0
    people: dict[str, Participant] = field(default_factory=dict)
    expected: dict[Call, str | None] = field(default_factory=dict)
    ended_by: Call | None = None
    why_ended: str | None = None
    _sequence: int = 0

    def find(self, who: str) -> Participant | None:
        """By call SID or label."""
        found = self.people.get(who)
        return found or next((p for p in self.people.values() if p.seat.label == who), None)

    def label_taken(self, label: str) -> bool:
        seated = (p.seat.label for p in self.people.values())
        return label in self.expected.values() or label in seated

    def tell(self, event: str, participant: Participant | None = None, **more: str) -> None:
        """A status callback, to whoever the first participant named."""
        self.updated = self.standin.clock.now()
        if participant is not None:
            participant.updated = self.updated
        if not self.first.callback or _SUBSCRIBED[event] not in self.first.callback_events:
            return
        self._sequence += 1
        params: dict[str, str] = {
            "AccountSid": self.standin.config.account_sid,
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "SequenceNumber": str(self._sequence),
            "StatusCallbackEvent": event,
            "Timestamp": stamp(self.updated),
            **(participant.told if participant else {}),
            **more,
        }
        self.standin.webhooks_out.tell(
            event,
            self.first.callback,
            self.first.callback_method,
            params,
            source=self.sid,
            call_sid=participant.call.sid if participant else None,
        )

    def enter(self, participant: Participant) -> None:
        self.people[participant.call.sid] = participant
        self.expected.pop(participant.call, None)
        participant.call.add("conference", name=self.name, event="joined")
        self.tell("participant-join", participant)
        ready = len(self.people) >= 2 and any(p.seat.start_on_enter for p in self.people.values())
        if self.status == "init" and ready:
            self.status = "in-progress"
            self.tell("conference-start")
            for everybody in self.people.values():
                everybody.stop_playing()
        self.standin.peers.seat(self)

    def remove(self, participant: Participant, reason: str) -> None:
        """One leaves; with some, and with the last, the conference ends."""
        if self.people.pop(participant.call.sid, None) is None:
            return
        participant.stop_playing()
        call = participant.call
        status = "in-progress" if call.moving or reason != "participant_hung_up" else "completed"
        self.tell(
            "participant-leave",
            participant,
            ReasonParticipantLeft=reason,
            ParticipantCallStatus=status,
        )
        call.add("conference", name=self.name, event="left")
        self.standin.peers.seat(self)
        if self.status == "completed":
            return
        kicked = reason == "participant_updated_via_api"
        if participant.end_on_exit:
            how = "kicked" if kicked else "left"
            self.end(f"participant-with-end-conference-on-exit-{how}", call)
        elif not self.people and not self.expected:
            self.end("last-participant-kicked" if kicked else "last-participant-left", call)

    def missed(self, call: Call, status: str) -> None:
        """Somebody who was called in over REST did not come."""
        label = self.expected.pop(call, None)
        seat = Seat(label=label)
        nobody = Participant(call, seat, False, False, None, self.standin.clock.now())
        self.tell(
            "participant-leave",
            nobody,
            ReasonParticipantLeft="participant_add_failed",
            ParticipantCallStatus=status,
        )
        if not self.people and not self.expected:
            self.end("last-participant-left", call)

    def end(self, why: str, by: Call | None = None) -> None:
        if self.status == "completed":
            return
        self.status, self.why_ended, self.ended_by = "completed", why, by
        reason = "conference_ended_via_api" if by is None else "moderator_ended_conference"
        for participant in list(self.people.values()):
            self.remove(participant, reason)
            participant.leave(reason)
        for call in list(self.expected):
            call.stop("canceled")
        more = {"ReasonConferenceEnded": why, "Reason": why.replace("-", " ")}
        if by is not None:
            more["CallSidEndingConference"] = by.sid
        self.tell("conference-end", None, **more)
        self.standin.conference_over(self)

    def play(self, participant: Participant, url: str | None, method: str, event: str) -> None:
        """Music for one; replaces what they hear. Where waiting music cannot be had, the
        participant is not let in."""
        participant.stop_playing()
        params = {"ConferenceSid": self.sid, "FriendlyName": self.name}

        async def run() -> None:
            try:
                await music.play(participant.call, url, method, event, params)
            except music.NoMusic:
                if event == "wait":
                    self.remove(participant, "participant_add_failed")
                    participant.leave("participant_add_failed")

        participant.playing = asyncio.ensure_future(run())

    def set_hold(self, participant: Participant, on: bool, url: str | None, method: str) -> None:
        if on:
            self.play(participant, url, method, "hold")
        else:
            participant.stop_playing()
        if participant.hold != on:
            participant.hold = on
            participant.call.add("hold", on=on)
            self.tell("participant-hold" if on else "participant-unhold", participant)
            self.standin.peers.seat(self)

    def set_muted(self, participant: Participant, on: bool) -> None:
        if participant.muted != on:
            participant.muted = on
            participant.call.add("muted", on=on)
            self.tell("participant-mute" if on else "participant-unmute", participant)
            self.standin.peers.seat(self)

    def modify(
        self, participant: Participant, *, end_on_exit: bool | None, coach: str | None
    ) -> None:
        """coach: a call's SID, "" for nobody, None for as it is."""
        before = (participant.end_on_exit, participant.coach)
        if end_on_exit is not None:
            participant.end_on_exit = end_on_exit
        if coach is not None:
            participant.coach = coach or None
        if before != (participant.end_on_exit, participant.coach):
            self.tell("participant-modify", participant)
            self.standin.peers.seat(self)


async def join(call: Call, name: str, seat: Seat, *, called: bool = False) -> str:
    """Sit in a conference until one leaves it; the reason. called: the label is kept for this
    call already. Raises Refusal when not let in."""
    standin = call.standin
    if unknown := seat.callback_events - EVENTS:
        raise Refusal(16002, f"statusCallbackEvent {' '.join(sorted(unknown))}")
    if not name or len(name) > 128:
        raise Refusal(16002, "a conference needs a name")
    if seat.label is not None and bad_label(seat.label):
        raise Refusal(16023, seat.label)
    conference = standin.conference(name, seat)
    if seat.label is not None and not called and conference.label_taken(seat.label):
        raise Refusal(16025, seat.label)
    if seat.coach is not None and seat.coach not in conference.people:
        raise Refusal(13240, seat.coach)
    if len(conference.people) >= min(seat.most, LARGEST):
        raise Refusal(16002, f"more than {min(seat.most, LARGEST)} participants")
    participant = Participant(
        call, seat, seat.muted, seat.end_on_exit, seat.coach, standin.clock.now()
    )
    conference.enter(participant)
    if conference.status == "init":
        conference.play(participant, seat.wait_url, seat.wait_method, "wait")
    try:
        reason = await asyncio.shield(participant.left)
    except asyncio.CancelledError:
        conference.remove(participant, call.leaving)
        raise
    if reason == "participant_add_failed":
        raise Refusal(None, "the waitUrl could not be played")
    return reason
