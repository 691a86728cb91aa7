"""Conferences: list, read, end. https://www.twilio.com/docs/voice/api/conference-resource"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from router.standin.clock import stamp
from router.standin.conferences import Conference
from router.standin.exchange import Standin
from router.standin.facts import Refused
from router.standin.rest.door import ROOT, Given, endpoint, page


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_get(ROOT + "/Conferences.json", list_conferences)
    router.add_get(ROOT + "/Conferences/{conference}.json", fetch)
    router.add_post(ROOT + "/Conferences/{conference}.json", update)


@endpoint("conferences.list")
async def list_conferences(standin: Standin, request: web.Request, given: Given) -> Any:
    rows = [
        as_json(conference)
        for conference in reversed(standin.conferences.values())
        if given.get("FriendlyName") in (None, conference.name)
        and given.get("Status") in (None, conference.status)
    ]
    return page("conferences", rows, request)


@endpoint("conferences.fetch")
async def fetch(standin: Standin, request: web.Request, given: Given) -> Any:
    return as_json(find(standin, request))


@endpoint("conferences.update")
async def update(standin: Standin, request: web.Request, given: Given) -> Any:
    conference = find(standin, request)
    if given.get("AnnounceUrl"):
        raise Refused(20001, "the stand-in does not speak AnnounceUrl")
    if given.get("Status") not in (None, "completed"):
        raise Refused(20001, f"Status {given.get('Status')}")
    if given.get("Status") == "completed":
        conference.end("conference-ended-via-api")
    return as_json(conference)


def find(standin: Standin, request: web.Request) -> Conference:
    """By SID, or under its name while it goes on."""
    which = request.match_info["conference"]
    conference = standin.conferences.get(which) or standin.rooms.get(which)
    if conference is None:
        raise Refused(20404, request.path)
    return conference


def as_json(conference: Conference) -> dict[str, Any]:
    account = conference.standin.config.account_sid
    uri = f"/2010-04-01/Accounts/{account}/Conferences/{conference.sid}"
    ended_by = conference.ended_by
    return {
        "sid": conference.sid,
        "account_sid": account,
        "api_version": "2010-04-01",
        "friendly_name": conference.name,
        "status": conference.status,
        "region": "de1",
        "reason_conference_ended": conference.why_ended,
        "call_sid_ending_conference": ended_by.sid if ended_by else None,
        "date_created": stamp(conference.created),
        "date_updated": stamp(conference.updated),
        "uri": f"{uri}.json",
        "subresource_uris": {"participants": f"{uri}/Participants.json"},
    }
