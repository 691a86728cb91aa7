"""The whole service as people meet it: pages in browsers, telephones, and sockets.

A `Stage` is the demo company in this process, on a port. Actors come in by the front doors:
staff sign in with their password, customers open the customer page, callers dial.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import unused_port
from playwright.async_api import Browser, BrowserContext, Page

from router.app import make_app
from router.demo import cast
from router.demo.company import seed
from router.demo.telephone import EXCHANGE
from router.settings import Settings, standin_account
from router.standin import Call
from router.web.keys import POOL
from tests.e2e.actors import Booth, Desk, Widget, Wire

PATIENCE_MS = 15_000

# what a page's connections to other browsers carry, summed up
_WATCH = """
(() => {
  const Plain = RTCPeerConnection, all = [];
  window.RTCPeerConnection = class extends Plain {
    constructor(...arguments_) { super(...arguments_); all.push(this); }
  };
  window.carried = async () => {
    const sum = {frames: 0, heard: 0, spoken: 0};
    for (const connection of all)
      for (const report of (await connection.getStats()).values()) {
        if (report.type === "inbound-rtp" && report.kind === "video")
          sum.frames += report.framesDecoded ?? 0;
        if (report.type === "inbound-rtp" && report.kind === "audio")
          sum.heard += report.packetsReceived ?? 0;
        if (report.type === "outbound-rtp" && report.kind === "audio")
          sum.spoken += report.packetsSent ?? 0;
      }
    return sum;
  };
})();
"""


class Stage:
    """Browsers around one running service.

    domain, password: of its staff's logins. faults: what pages threw, or loaded against their
    own content policy; must stay empty.
    """

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        domain: str = cast.DOMAIN,
        password: str = cast.PASSWORD,
    ) -> None:
        self.browser = browser
        self.url = url
        self._domain = domain
        self._password = password
        self.faults: list[str] = []
        self._contexts: list[BrowserContext] = []

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()

    async def context(self, login: str | None = None, **options: Any) -> BrowserContext:
        """A browser of somebody's own; with a login, signed in by password."""
        context = await self.browser.new_context(
            **{"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", **options}
        )
        self._contexts.append(context)
        await context.add_init_script(_WATCH)
        if login is not None:
            answer = await context.request.post(
                f"{self.url}/api/login",
                data={"email": f"{login}@{self._domain}", "password": self._password},
            )
            assert answer.status == 204, await answer.text()
        return context

    async def page(
        self, path: str, login: str | None = None, *, wire: Wire | None = None, **options: Any
    ) -> Page:
        """A page in a browser of its own. wire: what its sockets run through."""
        context = await self.context(login, **options)
        page = await context.new_page()
        self.watch(page)
        if wire is not None:
            await wire.lay(page)
        await page.goto(self.url + path)
        return page

    def watch(self, page: Page) -> None:
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda said: (
                self.faults.append(f"{page.url}: {said.text}")
                if "Content Security" in said.text
                else None
            ),
        )

    async def desk(self, login: str, *, voice: bool = True, **options: Any) -> Desk:
        """The desk of an agent who takes contacts. voice: calls among them."""
        desk = Desk(await self.page("/desk", login, **options))
        await desk.go_available(voice=voice)
        return desk

    async def booth(self, from_: str, to: str = cast.LINES[1].address) -> Booth:
        """The phone booth, set to call from this number to that one."""
        context = await self.context(permissions=["microphone"])
        await context.add_init_script(
            f"localStorage['booth-from'] = '\"{from_}\"'; localStorage['booth-to'] = '\"{to}\"'"
        )
        page = await context.new_page()
        self.watch(page)
        await page.goto(f"{self.url}/booth")
        return Booth(page)

    async def visitor(self, query: str = "", **options: Any) -> Widget:
        """The customer page, with the widget open."""
        widget = Widget(await self.page(f"/{query}", **options))
        await widget.open()
        return widget

    async def token(self, name: str) -> str:
        """What the company's own site signs for somebody who is signed in there."""
        context = await self.context()
        answer = await context.request.get(f"{self.url}/api/demo")
        tokens = {one["name"]: one["token"] for one in (await answer.json())["visitors"]}
        token: str = tokens[name]
        return token


class Company(Stage):
    """The demo company in this very process, so that its stores can be looked at."""

    def __init__(self, browser: Browser, url: str, app: web.Application, ws: UUID) -> None:
        super().__init__(browser, url)
        self.app = app
        self.pool = app[POOL]
        self.ws = ws

    async def dial(self, from_: str, to: str = cast.LINES[1].address, **how: Any) -> Call:
        """Somebody calls by the stand-in: signed webhooks over HTTP."""
        return await self.app[EXCHANGE].call(from_=from_, to=to, **how)

    def telephone_errors(self) -> list[str]:
        """What Twilio's debugger would show."""
        return [str(error) for error in self.app[EXCHANGE].errors]

    async def row(self, statement: str, *arguments: Any) -> Any:
        return await self.pool.fetchrow(statement, *arguments)

    async def in_conversation(self) -> bool:
        """Whether somebody is talking with an agent."""
        return bool(
            await self.pool.fetchval("select true from handling where state = 'active' limit 1")
        )

    async def account(self, login: str) -> UUID:
        found: UUID = await self.pool.fetchval(
            "select id from account where email = $1", f"{login}@{cast.DOMAIN}"
        )
        return found


@contextlib.asynccontextmanager
async def staged(
    database: str, live: str, browser: Browser, **changed: Any
) -> AsyncIterator[Company]:
    """The demo company on a free port, with the stand-in for Twilio beside it."""
    port = unused_port()
    secret_key = secrets.token_urlsafe(48)
    settings = Settings(
        host="127.0.0.1",
        port=port,
        public_url=f"http://localhost:{port}",
        secret_key=secret_key,
        data=Path("unused"),
        database_url=database,
        redis_url=live,
        twilio=standin_account(secret_key, f"http://127.0.0.1:{port}/standin"),
        demo=True,
        **changed,
    )
    app = make_app(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await seed(app)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        ws = await app[POOL].fetchval("select id from workspace where slug = $1", cast.SLUG)
        company = Company(browser, settings.public_url, app, ws)
        try:
            yield company
        finally:
            await company.close()
    finally:
        await runner.cleanup()
    assert company.faults == []
