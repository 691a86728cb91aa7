"""A small service on a real port that answers Twilio's webhooks with TwiML."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web
from twilio.request_validator import RequestValidator

from router.standin import Config, Number, Standin, serving

NUMBER = "+4930111222"
CALLER = "+491701234567"
Reply = str | web.Response | Callable[[dict[str, str]], Any]


@dataclass
class Asked:
    path: str
    method: str
    params: dict[str, str]
    signed: bool


@dataclass
class Service:
    """replies: what each path answers; a function gets the parameters. asked: what was asked."""

    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    base: str = ""
    auth_token: str = Config.auth_token

    def says(self, path: str, *verbs: str) -> None:
        self.replies[path] = response(*verbs)

    def url(self, path: str) -> str:
        return self.base + path

    def at(self, path: str) -> list[dict[str, str]]:
        return [asked.params for asked in self.asked if asked.path == path]

    def events(self, path: str = "/conference") -> list[str]:
        return [params["StatusCallbackEvent"] for params in self.at(path)]

    async def asks(self, path: str, times: int = 1, within: float = 5.0) -> dict[str, str]:
        """Wait until a path has been asked so often; the parameters of the last time."""

        def enough() -> bool:
            return len(self.at(path)) >= times

        await until(enough, f"{times} times {path}, asked: {[a.path for a in self.asked]}", within)
        return self.at(path)[-1]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        params = {k: str(v) for k, v in (await request.post()).items()}
        validator = RequestValidator(self.auth_token)
        signature = request.headers.get("X-Twilio-Signature", "")
        signed = validator.validate(str(self.base + request.path_qs), params, signature)
        given = params if request.method == "POST" else dict(request.query)
        self.asked.append(Asked(request.path, request.method, given, signed))
        reply = self.replies.get(request.path)
        if callable(reply):
            reply = reply(given)
            if isinstance(reply, Awaitable):
                reply = await reply
        if reply is None:
            reply = response()
        if isinstance(reply, str):
            return web.Response(text=reply, content_type="text/xml")
        assert isinstance(reply, web.Response)
        return reply


def response(*verbs: str) -> str:
    return f"<Response>{''.join(verbs)}</Response>"


async def until(true: Callable[[], bool], what: str, within: float = 5.0) -> None:
    """Poll for a condition. Raises AssertionError naming it."""
    try:
        async with asyncio.timeout(within):
            while not true():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"never: {what}") from None


@asynccontextmanager
async def playing(**config: Any) -> AsyncIterator[tuple[Service, Standin]]:
    """A service and a stand-in that calls it; number NUMBER is answered at /voice."""
    service = Service()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    number = Number(service.url("/voice"), service.url("/status"), "The hotline")
    settings = Config(
        numbers={NUMBER: number},
        voice_url=service.url("/agent"),
        **{"speed": 50.0, "calls_per_second": 1000.0, **config},
    )
    service.auth_token = settings.auth_token
    try:
        async with serving(replace(settings)) as standin:
            yield service, standin
    finally:
        await runner.cleanup()
