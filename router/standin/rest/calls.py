"""Calls: create, read, list, move, end. https://www.twilio.com/docs/voice/api/call-resource"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from router.standin.calls import Call
from router.standin.clock import stamp
from router.standin.exchange import Standin
from router.standin.facts import Refused
from router.standin.outbound import Place
from router.standin.progress import StatusCallback
from router.standin.rest.door import ROOT, Given, endpoint, instruction, outgoing, page
from router.standin.steps import Ask


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_post(ROOT + "/Calls.json", create)
    router.add_get(ROOT + "/Calls.json", list_calls)
    router.add_get(ROOT + "/Calls/{sid}.json", fetch)
    router.add_post(ROOT + "/Calls/{sid}.json", update)


def callbacks_of(given: Given) -> tuple[StatusCallback, ...]:
    url = given.address("StatusCallback")
    if url is None:
        return ()
    events = frozenset(word for value in given.all("StatusCallbackEvent") for word in value.split())
    if unknown := events - {"initiated", "ringing", "answered", "completed"}:
        raise Refused(20001, f"StatusCallbackEvent {' '.join(sorted(unknown))}")
    method = given.method("StatusCallbackMethod")
    return (StatusCallback(url, events or frozenset({"completed"}), method),)


@endpoint("calls.create", status=201)
async def create(standin: Standin, request: web.Request, given: Given) -> Any:
    step = instruction(standin, given, moving=False)
    if step is None and given.get("ApplicationSid") == standin.config.app_sid:
        step = Ask(standin.config.voice_url, "POST", "voice")
    if step is None:
        raise Refused(21205, "Url, Twiml or ApplicationSid is needed")
    timeout, callbacks = given.seconds("Timeout", 60), callbacks_of(given)
    detect = given.get("MachineDetection") in ("Enable", "DetectMessageEnd")
    from_, to, queue = outgoing(standin, given)
    call = standin.leg(from_=from_, to=to, direction="outbound-api", callbacks=callbacks)
    call.queue_seconds = queue
    call.begin(Place(timeout, step, queued=True, detect_machine=detect))
    return as_json(call)


@endpoint("calls.list")
async def list_calls(standin: Standin, request: web.Request, given: Given) -> Any:
    wanted = {"to": "To", "from_": "From", "status": "Status"}
    rows = [
        as_json(call)
        for call in reversed(standin.calls.values())
        if all(given.get(param) in (None, getattr(call, field)) for field, param in wanted.items())
        and given.get("ParentCallSid") in (None, call.parent.sid if call.parent else "")
    ]
    return page("calls", rows, request)


@endpoint("calls.fetch")
async def fetch(standin: Standin, request: web.Request, given: Given) -> Any:
    return as_json(find(standin, request))


@endpoint("calls.update")
async def update(standin: Standin, request: web.Request, given: Given) -> Any:
    call = find(standin, request)
    status = given.get("Status")
    if status not in (None, "completed", "canceled"):
        raise Refused(20001, f"Status {status}")
    step = instruction(standin, given, moving=True)
    if step is None and status is None:
        raise Refused(21205, "Url, Twiml or Status is needed")
    if call.over_now:
        raise Refused(21220, f"the call is {call.status}")
    if step is not None:
        if call.status != "in-progress":
            raise Refused(21220, f"the call is {call.status}. Cannot redirect.")
        call.move(step)
    elif status == "canceled" and call.status == "in-progress":
        raise Refused(21220, "the call is in-progress. Cannot cancel.")
    else:
        call.stop("canceled" if call.answered_at is None else "completed")
        # the answer shows the new status, as Twilio's does nearly always
        await asyncio.wait({asyncio.ensure_future(call.over(5.0))})
    return as_json(call)


def find(standin: Standin, request: web.Request) -> Call:
    call = standin.calls.get(request.match_info["sid"])
    if call is None:
        raise Refused(20404, request.path)
    return call


def as_json(call: Call) -> dict[str, Any]:
    account = call.standin.config.account_sid

    def date(at: float | None) -> str | None:
        return stamp(at) if at is not None else None

    return {
        "sid": call.sid,
        "account_sid": account,
        "api_version": "2010-04-01",
        "to": call.to,
        "to_formatted": call.to,
        "from": call.from_,
        "from_formatted": call.from_,
        "direction": call.direction,
        "status": call.status if call.status != "initiated" else "queued",
        "parent_call_sid": call.parent.sid if call.parent else None,
        "answered_by": call.answered_by,
        "date_created": date(call.created),
        "date_updated": date(call.ended_at or call.answered_at or call.created),
        "start_time": date(call.answered_at),
        "end_time": date(call.ended_at),
        "duration": str(call.seconds) if call.over_now else None,
        "queue_time": str(round(call.queue_seconds * 1000)),
        "phone_number_sid": None,
        "forwarded_from": None,
        "caller_name": None,
        "group_sid": None,
        "trunk_sid": None,
        "price": None,
        "price_unit": "USD",
        "uri": f"/2010-04-01/Accounts/{account}/Calls/{call.sid}.json",
        "subresource_uris": {},
    }
