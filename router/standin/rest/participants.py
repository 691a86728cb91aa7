"""Participants: call in, list, read, hold, mute, coach, remove.

https://www.twilio.com/docs/voice/api/conference-participant-resource
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from router.standin.calls import Call, Over, Step
from router.standin.clock import stamp
from router.standin.conferences import EVENTS, Conference, Refusal, join
from router.standin.exchange import Standin
from router.standin.facts import Refused
from router.standin.outbound import Place
from router.standin.rest.calls import callbacks_of
from router.standin.rest.conferences import find as find_conference
from router.standin.rest.door import ROOT, Given, endpoint, outgoing, page
from router.standin.seats import Participant, Seat, bad_label

_PEOPLE = ROOT + "/Conferences/{conference}/Participants"


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_post(_PEOPLE + ".json", create)
    router.add_get(_PEOPLE + ".json", list_participants)
    router.add_get(_PEOPLE + "/{who}.json", fetch)
    router.add_post(_PEOPLE + "/{who}.json", update)
    router.add_delete(_PEOPLE + "/{who}.json", remove)


@dataclass(frozen=True)
class _Sit:
    name: str
    seat: Seat

    async def take(self, call: Call) -> Step | None:
        try:
            await join(call, self.name, self.seat, called=True)
        except Refusal as refusal:
            if refusal.code is not None:
                call.standin.webhooks_out.note(refusal.code, refusal.detail, call.sid)
        return None


@dataclass(frozen=True)
class _Invite:
    """Ring somebody; the conference hears when they do not come."""

    place: Place
    conference: Conference

    async def take(self, call: Call) -> Step | None:
        try:
            return await self.place.take(call)
        except Over as over:
            self.conference.missed(call, over.status)
            raise
        except asyncio.CancelledError:
            self.conference.missed(call, "canceled")
            raise


@endpoint("participants.create", status=201)
async def create(standin: Standin, request: web.Request, given: Given) -> Any:
    name = request.match_info["conference"]
    if name in standin.conferences:
        name = find_conference(standin, request).name
    seat = _seat(given)
    going_on = standin.rooms.get(name)
    if seat.label is not None:
        if bad_label(seat.label):
            raise Refused(16024, seat.label)
        if going_on is not None and going_on.label_taken(seat.label):
            raise Refused(16026, seat.label)
    _check_coach(going_on, seat.coach)
    timeout, callbacks = given.seconds("Timeout", 60), callbacks_of(given)
    from_, to, queue = outgoing(standin, given)
    conference = standin.conference(name, seat)
    call = standin.leg(from_=from_, to=to, direction="outbound-api", callbacks=callbacks)
    call.queue_seconds = queue
    conference.expected[call] = seat.label
    call.begin(_Invite(Place(timeout, _Sit(name, seat), queued=True), conference))
    return _expected_json(conference, call)


def _seat(given: Given) -> Seat:
    def flag(name: str, otherwise: bool) -> bool:
        value = given.flag(name)
        return otherwise if value is None else value

    events = frozenset(
        word for value in given.all("ConferenceStatusCallbackEvent") for word in value.split()
    )
    if unknown := events - EVENTS:
        raise Refused(16002, f"ConferenceStatusCallbackEvent {' '.join(sorted(unknown))}")
    return Seat(
        label=given.get("Label") or None,
        muted=flag("Muted", False),
        start_on_enter=flag("StartConferenceOnEnter", True),
        end_on_exit=flag("EndConferenceOnExit", False),
        coach=given.get("CallSidToCoach") if flag("Coaching", False) else None,
        wait_url=given.address("WaitUrl") if given.get("WaitUrl") else given.get("WaitUrl"),
        wait_method=given.method("WaitMethod"),
        callback=given.address("ConferenceStatusCallback"),
        callback_method=given.method("ConferenceStatusCallbackMethod"),
        callback_events=events,
    )


def _check_coach(conference: Conference | None, coach: str | None) -> None:
    if not coach:
        return
    coached = conference.people.get(coach) if conference else None
    if coached is None:
        raise Refused(13240, coach)
    if coached.hold:
        raise Refused(16027, coach)


@endpoint("participants.list")
async def list_participants(standin: Standin, request: web.Request, given: Given) -> Any:
    conference = find_conference(standin, request)
    rows = [
        as_json(conference, one)
        for one in conference.people.values()
        if given.flag("Muted") in (None, one.muted) and given.flag("Hold") in (None, one.hold)
    ]
    rows += [_expected_json(conference, call) for call in conference.expected]
    return page("participants", rows, request)


@endpoint("participants.fetch")
async def fetch(standin: Standin, request: web.Request, given: Given) -> Any:
    conference = find_conference(standin, request)
    who = _find(conference, request)
    return (
        as_json(conference, who)
        if isinstance(who, Participant)
        else _expected_json(conference, who)
    )


@endpoint("participants.update")
async def update(standin: Standin, request: web.Request, given: Given) -> Any:
    conference = find_conference(standin, request)
    who = _find(conference, request)
    if not isinstance(who, Participant):
        raise Refused(20404, f"{request.path}: not in the conference yet")
    if given.get("AnnounceUrl"):
        raise Refused(20001, "the stand-in does not speak AnnounceUrl")
    coach = None
    if given.flag("Coaching") is not None:
        coach = (given.get("CallSidToCoach") or "") if given.flag("Coaching") else ""
        if given.flag("Coaching") and not coach:
            raise Refused(20001, "CallSidToCoach is needed for Coaching")
        _check_coach(conference, coach)
    hold, url = given.flag("Hold"), given.address("HoldUrl")
    method = given.method("HoldMethod", "GET")
    if hold is not None and (hold != who.hold or url is not None):
        conference.set_hold(who, hold, url, method)
    if (muted := given.flag("Muted")) is not None:
        conference.set_muted(who, muted)
    conference.modify(who, end_on_exit=given.flag("EndConferenceOnExit"), coach=coach)
    return as_json(conference, who)


@endpoint("participants.delete")
async def remove(standin: Standin, request: web.Request, given: Given) -> Any:
    """Out of the conference; the call goes on with what follows its Dial."""
    conference = find_conference(standin, request)
    who = _find(conference, request)
    if isinstance(who, Participant):
        conference.remove(who, "participant_updated_via_api")
        who.leave("participant_updated_via_api")
    else:
        who.stop("canceled")
    return None


def _find(conference: Conference, request: web.Request) -> Participant | Call:
    who = request.match_info["who"]
    if conference.status != "completed":
        if (found := conference.find(who)) is not None:
            return found
        for call, label in conference.expected.items():
            if who in (call.sid, label):
                return call
    raise Refused(20404, request.path)


def as_json(conference: Conference, one: Participant) -> dict[str, Any]:
    return {
        **_common(conference, one.call, one.seat.label),
        "muted": one.muted,
        "hold": one.hold,
        "coaching": one.coach is not None,
        "call_sid_to_coach": one.coach,
        "status": "connected",
        "start_conference_on_enter": one.seat.start_on_enter,
        "end_conference_on_exit": one.end_on_exit,
        "date_created": stamp(one.joined),
        "date_updated": stamp(one.updated or one.joined),
    }


def _expected_json(conference: Conference, call: Call) -> dict[str, Any]:
    status = {"initiated": "connecting"}.get(call.status, call.status)
    return {
        **_common(conference, call, conference.expected.get(call)),
        "muted": False,
        "hold": False,
        "coaching": False,
        "call_sid_to_coach": None,
        "status": status,
        "start_conference_on_enter": True,
        "end_conference_on_exit": False,
        "date_created": stamp(call.created),
        "date_updated": stamp(call.created),
    }


def _common(conference: Conference, call: Call, label: str | None) -> dict[str, Any]:
    account = conference.standin.config.account_sid
    base = f"/2010-04-01/Accounts/{account}/Conferences/{conference.sid}"
    return {
        "account_sid": account,
        "call_sid": call.sid,
        "conference_sid": conference.sid,
        "label": label,
        "queue_time": str(round(call.queue_seconds * 1000)),
        "uri": f"{base}/Participants/{call.sid}.json",
    }
