"""Recordings: read, hear, delete. https://www.twilio.com/docs/voice/api/recording"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from router.standin.exchange import Standin
from router.standin.facts import Refused
from router.standin.recordings import Recording
from router.standin.rest.door import ROOT, Given, endpoint, page


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_get(ROOT + "/Recordings.json", list_recordings)
    router.add_get(ROOT + "/Recordings/{sid}.json", fetch)
    router.add_delete(ROOT + "/Recordings/{sid}.json", delete)
    # the address itself and with .wav are the sound
    router.add_get(ROOT + "/Recordings/{sid:RE[0-9a-f]+}", hear)
    router.add_get(ROOT + "/Recordings/{sid}.wav", hear)


@endpoint("recordings.list")
async def list_recordings(standin: Standin, request: web.Request, given: Given) -> Any:
    rows = [
        standin.recordings.json(recording)
        for recording in reversed(standin.recordings.by_sid.values())
        if given.get("CallSid") in (None, recording.call_sid)
    ]
    return page("recordings", rows, request)


@endpoint("recordings.fetch")
async def fetch(standin: Standin, request: web.Request, given: Given) -> Any:
    return standin.recordings.json(_find(standin, request))


@endpoint("recordings.hear")
async def hear(standin: Standin, request: web.Request, given: Given) -> Any:
    return _find(standin, request).wav()


@endpoint("recordings.delete")
async def delete(standin: Standin, request: web.Request, given: Given) -> Any:
    del standin.recordings.by_sid[_find(standin, request).sid]
    return None


def _find(standin: Standin, request: web.Request) -> Recording:
    recording = standin.recordings.by_sid.get(request.match_info["sid"])
    if recording is None:
        raise Refused(20404, request.path)
    return recording
