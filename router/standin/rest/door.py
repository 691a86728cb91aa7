"""Every REST request comes through here: who is asking, what is given, how a refusal looks."""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from multidict import MultiMapping

from router.standin.documents import Unreadable, parse, relative_addresses
from router.standin.exchange import Standin
from router.standin.facts import Refused
from router.standin.outbound import LONGEST_QUEUE, is_address, is_number
from router.standin.steps import Ask, Run, Trouble
from router.standin.webhooks import absolute

STANDIN = web.AppKey("standin", Standin)
ROOT = "/2010-04-01/Accounts/{account}"
LONGEST_TWIML = 4000
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Given:
    """The form of a POST, or the query of a GET."""

    values: MultiMapping[Any]

    def get(self, name: str) -> str | None:
        value = self.values.get(name)
        return str(value) if value is not None else None

    def all(self, name: str) -> list[str]:
        return [str(value) for value in self.values.getall(name, [])]

    def flag(self, name: str) -> bool | None:
        value = self.get(name)
        return None if value is None else value.strip().lower() == "true"

    def method(self, name: str = "Method", otherwise: str = "POST") -> str:
        method = (self.get(name) or otherwise).upper()
        if method not in ("GET", "POST"):
            raise Refused(20001, f"{name} must be GET or POST")
        return method

    def seconds(self, name: str, otherwise: int) -> int:
        value = self.get(name)
        if value is None:
            return otherwise
        if not value.isdecimal() or not 0 < int(value) <= 600:
            raise Refused(21208, value)
        return int(value)

    def address(self, name: str) -> str | None:
        """Raises Refused (21205) for what is not a full address."""
        value = self.get(name)
        if value and not absolute(value):
            raise Refused(21205, f"{name} {value}")
        return value or None


Act = Callable[[Standin, web.Request, Given], Awaitable[Any]]


def endpoint(name: str, status: int = 200) -> Callable[[Act], Callable[[web.Request], Any]]:
    """name: for faults on demand. The function returns JSON, bytes, or None for an empty 204."""

    def wrap(act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            standin = request.app[STANDIN]
            try:
                _authenticate(standin, request)
                fault = standin.faults.take_rest(name)
                if fault is not None and fault.code is not None:
                    raise Refused(fault.code)
                if fault is not None and not fault.acts:
                    return await _silence(standin)
                form = request.method == "POST"
                given = Given(await request.post() if form else request.query)
                result = await act(standin, request, given)
            except Refused as refused:
                return _refusal(refused)
            if fault is not None:
                return await _silence(standin)
            if result is None:
                return web.Response(status=204)
            if isinstance(result, bytes):
                return web.Response(body=result, content_type="audio/x-wav")
            return web.json_response(result, status=status)

        return handle

    return wrap


async def _silence(standin: Standin) -> web.Response:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await standin.closing.wait()
    except TimeoutError:
        pass
    return web.Response(status=504)


def _refusal(refused: Refused) -> web.Response:
    body = {
        "code": refused.code,
        "message": refused.message,
        "more_info": refused.fact.source,
        "status": refused.fact.status,
    }
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if refused.code == 20003 else None
    return web.json_response(body, status=refused.fact.status, headers=headers)


def _authenticate(standin: Standin, request: web.Request) -> None:
    config = standin.config
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        login, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as error:
        raise Refused(20003) from error
    if scheme.lower() != "basic":
        raise Refused(20003)
    secrets = {config.account_sid: config.auth_token, config.api_key_sid: config.api_key_secret}
    secret = secrets.get(login, "")
    if not secret or not hmac.compare_digest(secret.encode(), password.encode()):
        raise Refused(20003)
    if request.match_info["account"] != config.account_sid:
        raise Refused(20404, request.path)


def outgoing(standin: Standin, given: Given) -> tuple[str, str, float]:
    """From, To and the seconds in the queue of a call that may be placed. Raises Refused."""
    to, from_ = given.get("To"), given.get("From")
    if not to:
        raise Refused(21201)
    if not from_:
        raise Refused(21213)
    if not is_address(to) or to == from_:
        raise Refused(21211, to)
    if is_number(to) and not standin.owns(from_):
        raise Refused(21210, from_)
    if given.flag("Record"):
        standin.webhooks_out.note(0, "the stand-in does not record whole calls")
    now = standin.clock.now()
    if standin.pace.queue(now) > LONGEST_QUEUE:
        raise Refused(22005)
    return from_, to, standin.pace.wait(now)


def instruction(standin: Standin, given: Given, *, moving: bool) -> Ask | Run | Trouble | None:
    """What a call is to do by Url or Twiml; None: neither is given. moving: a call in progress,
    in whose inline TwiML every address must be absolute. Raises Refused."""
    if (url := given.address("Url")) is not None:
        return Ask(url, given.method(), "voice")
    twiml = given.get("Twiml")
    if twiml is None:
        return None
    if len(twiml) > LONGEST_TWIML:
        raise Refused(32018, f"{len(twiml)} characters")
    try:
        document = parse(twiml, None, standin.webhooks_out.note)
    except Unreadable:
        return Trouble()
    if moving and (relative := relative_addresses(document)):
        raise Refused(15004, ", ".join(relative))
    return Run(document)


def page(name: str, rows: list[Any], request: web.Request) -> dict[str, Any]:
    """One page with everything: what the service asks for is short."""
    return {
        name: rows,
        "page": 0,
        "page_size": max(50, len(rows)),
        "start": 0,
        "end": max(0, len(rows) - 1),
        "uri": request.path,
        "first_page_uri": request.path,
        "next_page_uri": None,
        "previous_page_uri": None,
    }
