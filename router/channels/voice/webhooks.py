"""Twilio's webhooks over HTTP: who may call them, what they bring, and an answer in any case.

Only a bad signature (403) and a repeated parameter (400) are refused. Everything else gets 200
and TwiML within five seconds, whatever happens inside: after fifteen Twilio tells the caller
that an application error has occurred, and hangs up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import structlog
from aiohttp import web
from prometheus_client import Counter

from router.channels.voice import documents
from router.channels.voice.callers import Incoming, Message
from router.channels.voice.legs import Event, Joined, Left, Status
from router.channels.voice.parameters import Parameters
from router.channels.voice.voice import VOICE, Voice
from router.errors import Forbidden, Malformed, NotFound, Unavailable
from router.web.errors import known
from router.web.metrics import REGISTRY

log = structlog.get_logger()

ANSWER_SECONDS = 4.5
TROUBLE = Counter(
    "secondline_voice_trouble_total",
    "Webhooks that were answered without the stores: callers heard that they must wait a moment.",
    registry=REGISTRY,
)
_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ASKED = "language|who|pin|topic|wait|offer|times|confirm|number|rate"

Answer = Callable[[Voice, web.Request, Parameters, Parameters], Coroutine[Any, Any, str]]


def add_routes(router: web.UrlDispatcher) -> None:
    """Serve Twilio. Also without an account, to say that there is none (503)."""
    for path, answer, back in _ROUTES:
        router.add_post(f"/twilio/voice{path}", _Webhook(answer, back).__call__)


class _Webhook:
    """One address. back: where a caller is sent while a store is away, relative to ours."""

    def __init__(self, answer: Answer, back: str | None):
        self._answer = answer
        self._back = back

    async def __call__(self, request: web.Request) -> web.Response:
        voice = request.app.get(VOICE)
        if voice is None:
            raise Unavailable("This service has no telephone account.")
        form, query = await _read(request, voice)
        # a conference's own beginning and end are of no call
        if form.get("CallSid") is None and self._back is not None:
            raise Malformed("This parameter is missing or not of its form.", field="CallSid")
        try:
            document = await _in_time(self._answer(voice, request, form, query))
        except NotFound:
            document = documents.hang_up()
        except Exception as error:
            if known(error) is None:
                log.exception("voice.fault", address=request.match_info.route.name)
            log.warning("voice.trouble", error=repr(error), address=request.path)
            TROUBLE.inc()
            document = self._trouble(voice, request, form)
        return web.Response(text=document, content_type="text/xml")

    def _trouble(self, voice: Voice, request: web.Request, form: Parameters) -> str:
        if self._back is None:
            return documents.nothing()
        back = self._back.format(**request.match_info, handling_given=form.get("handling") or "")
        language = voice.callers.language_of(request.match_info.get("contact") or form.get("To"))
        return documents.trouble(f"{voice.addresses.base}/twilio/voice{back}", language)


_late: set[asyncio.Task[str]] = set()


async def _in_time(answer: Coroutine[Any, Any, str]) -> str:
    """The document, or TimeoutError after `ANSWER_SECONDS`.

    A statement that is given up waits for its connection to be given up too, which takes as long
    again while the database is out of reach: nobody on the line waits for that.
    """
    task = asyncio.create_task(answer)
    try:
        await asyncio.wait({task}, timeout=ANSWER_SECONDS)
    finally:
        if not task.done():
            task.cancel()
            _late.add(task)
            task.add_done_callback(_late.discard)
    if not task.done():
        raise TimeoutError
    return task.result()


async def _read(request: web.Request, voice: Voice) -> tuple[Parameters, Parameters]:
    """The signed parameters of body and query. Raises Forbidden, Malformed."""
    signature = request.headers.get("X-Twilio-Signature", "")
    # never the Host header: the signature is over the address that Twilio was given
    address = voice.addresses.base + request.raw_path
    if request.content_type != "application/x-www-form-urlencoded":
        raise Malformed("This is not a form.")
    try:
        sent = await request.post()
    except (ValueError, web.HTTPException):
        raise Malformed("This is not a form.") from None
    if not voice.validator.validate(address, sent, signature):
        log.warning("voice.bad_signature", address=request.path)
        raise Forbidden("The signature is not Twilio's.")
    return Parameters(sent.items()), Parameters(request.query.items())


def _contact(request: web.Request) -> UUID:
    return UUID(request.match_info["contact"])


def _handling(request: web.Request) -> UUID:
    return UUID(request.match_info["handling"])


async def _incoming(voice: Voice, _: web.Request, form: Parameters, query: Parameters) -> str:
    return await voice.callers.incoming(
        Incoming(
            call_sid=form["CallSid"],
            dialled=form.get("To") or "",
            caller=form.get("From"),
            attestation=form.get("StirVerstat"),
        )
    )


async def _pressed(voice: Voice, request: web.Request, form: Parameters, query: Parameters) -> str:
    if await _over(voice, form):
        return documents.nothing()
    return await voice.callers.pressed(
        _contact(request),
        form["CallSid"],
        request.match_info["asked"],
        query.number("turn"),
        form.get("Digits"),
    )


async def _connected(
    voice: Voice, request: web.Request, form: Parameters, query: Parameters
) -> str:
    if (handling := query.id("handling")) is None:
        return await voice.callers.now(_contact(request), form["CallSid"])
    await voice.adopt(form["CallSid"], handling, "caller")
    return await voice.callers.connected(_contact(request), form["CallSid"], handling)


async def _done(voice: Voice, request: web.Request, form: Parameters, query: Parameters) -> str:
    if await _over(voice, form):
        return documents.nothing()
    if (handling := query.id("handling")) is None:
        return await voice.callers.now(_contact(request), form["CallSid"])
    return await voice.callers.done(_contact(request), form["CallSid"], handling)


async def _lost(voice: Voice, request: web.Request, form: Parameters, query: Parameters) -> str:
    if (handling := query.id("handling")) is None:
        return await voice.callers.now(_contact(request), form["CallSid"])
    return await voice.callers.lost(_contact(request), form["CallSid"], handling)


async def _recorded(voice: Voice, request: web.Request, form: Parameters, query: Parameters) -> str:
    sid, seconds = form.get("RecordingSid"), form.number("RecordingDuration")
    message = Message(sid, form.get("RecordingUrl") or "", seconds or 0) if sid else None
    answer = await voice.callers.recorded(_contact(request), form["CallSid"], message)
    await _over(voice, form)
    return answer


async def _agent(voice: Voice, _: web.Request, form: Parameters, query: Parameters) -> str:
    identity = (form.get("From") or "").removeprefix("client:")
    handling = form.id("handling") or query.id("handling")
    return await voice.agents.browser(form["CallSid"], identity, handling)


async def _whisper(voice: Voice, request: web.Request, form: Parameters, _: Parameters) -> str:
    await voice.adopt(form["CallSid"], _handling(request), "agent")
    return await voice.agents.whisper(form["CallSid"], _handling(request))


async def _agent_keys(voice: Voice, request: web.Request, form: Parameters, _: Parameters) -> str:
    if await _over(voice, form):
        return documents.nothing()
    return await voice.agents.pressed(form["CallSid"], _handling(request), form.get("Digits"))


async def _hold(voice: Voice, _: web.Request, form: Parameters, query: Parameters) -> str:
    return await voice.callers.on_hold(query.id("contact"))


async def _status(voice: Voice, _: web.Request, form: Parameters, query: Parameters) -> str:
    if name := query.get("leg"):
        await voice.legs.adopt(name, form["CallSid"])
    if status := form.get("CallStatus"):
        await voice.hear(form["CallSid"], Status(status, form.number("CallDuration")))
    return documents.nothing()


async def _conference(voice: Voice, _: web.Request, form: Parameters, query: Parameters) -> str:
    kinds: dict[str, type[Joined] | type[Left]] = {
        "participant-join": Joined,
        "participant-leave": Left,
    }
    kind = kinds.get(form.get("StatusCallbackEvent") or "")
    sequence = form.number("SequenceNumber")
    room, conference = form.get("FriendlyName"), form.get("ConferenceSid")
    if kind is not None and sequence is not None and room and conference:
        event: Event = kind(room, conference, sequence)
        await voice.hear(form["CallSid"], event)
    return documents.nothing()


async def _over(voice: Voice, form: Parameters) -> bool:
    """An address is also asked when the caller has hung up: then nobody hears the answer."""
    status = Status(form.get("CallStatus") or "")
    if status.last:
        await voice.hear(form["CallSid"], status)
    return status.last


_ROUTES: tuple[tuple[str, Answer, str | None], ...] = (
    ("/incoming", _incoming, "/incoming"),
    ("/agent", _agent, "/agent?handling={handling_given}"),
    ("/conference", _conference, None),
    ("/status", _status, None),
    ("/hold", _hold, "/hold"),
    (f"/agent/{{handling:{_ID}}}/whisper", _whisper, "/agent/{handling}/whisper"),
    (f"/agent/{{handling:{_ID}}}/keys", _agent_keys, "/agent/{handling}/whisper"),
    (f"/{{contact:{_ID}}}/connected", _connected, "/{contact}/wait"),
    (f"/{{contact:{_ID}}}/done", _done, "/{contact}/wait"),
    (f"/{{contact:{_ID}}}/lost", _lost, "/{contact}/wait"),
    (f"/{{contact:{_ID}}}/recorded", _recorded, "/{contact}/wait"),
    (f"/{{contact:{_ID}}}/{{asked:{_ASKED}}}", _pressed, "/{contact}/wait"),
)
