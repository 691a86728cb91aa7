"""The widget on somebody else's site, in its own words and clothes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import unused_port
from playwright.async_api import Page, expect

from tests.pages.conftest import Opener
from tests.pages.support import WRITES, accept, open_desk, say
from tests.web.service import Service

pytestmark = pytest.mark.asyncio(loop_scope="session")


class HostSite:
    """A shop's page in an old encoding, with loud styles and a strict content policy."""

    def __init__(self, service: Service) -> None:
        self.port = unused_port()
        self.origin = f"http://localhost:{self.port}"
        self.attributes = ""
        self._service = service
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._page)
        app.router.add_get("/style.css", self._style)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def allow(self) -> None:
        await self._service.house.pool.execute(
            "update entry_point set origins = $2, languages = '{en,ru}' where id = $1",
            self._service.house.entry_point,
            [self.origin],
        )

    async def _page(self, _: web.Request) -> web.Response:
        url, key = self._service.url, await self._service.widget()
        page = (
            "<!doctype html><title>Shop</title><link rel=stylesheet href=style.css>"
            f"<h1>Shop</h1><script src='{url}/widget.js' data-widget='{key}'"
            f" data-language='ru' data-attributes='{self.attributes}' async></script>"
        )
        sockets = url.replace("http", "ws")
        return web.Response(
            body=page.encode("cp1252"),
            headers={
                "Content-Type": "text/html; charset=windows-1252",
                "Content-Security-Policy": f"default-src 'none'; script-src {url};"
                f" connect-src {url} {sockets}; style-src 'self'",
            },
        )

    async def _style(self, _: web.Request) -> web.Response:
        loud = "* { color: red !important; font-size: 40px; display: inline }"
        return web.Response(text=loud, content_type="text/css")


@pytest_asyncio.fixture(loop_scope="session")
async def host(service: Service) -> AsyncIterator[HostSite]:
    site = HostSite(service)
    await site.start()
    yield site
    await site.stop()


async def colour(page: Page, testid: str) -> str:
    found: str = await page.get_by_test_id(testid).evaluate("e => getComputedStyle(e).color")
    return found


async def test_a_chat_works_from_a_host_site_that_may_embed_the_widget(
    service: Service, open_page: Opener, host: HostSite
) -> None:
    await host.allow()
    agent = await service.house.agent("Ana", languages=("ru",), capacity=WRITES)
    desk = await open_desk(open_page, agent)
    page = await open_page("/login")
    await page.goto(host.origin)
    await page.get_by_test_id("widget-launcher").click()
    start = page.get_by_test_id("widget-start-chat")
    await expect(start).to_have_text("Начать чат")
    assert await colour(page, "widget-start-chat") == "rgb(255, 255, 255)"
    await page.get_by_test_id("widget-message").fill("Здравствуйте")
    await start.click()
    await accept(desk)
    await say(desk, "Добрый день")
    await expect(page.get_by_test_id("widget-log")).to_contain_text("Добрый день")
    await page.reload()
    await expect(page.get_by_test_id("widget-entry")).to_have_count(2)


@pytest.mark.parametrize(
    ("said", "kept"),
    [('{"product": "r2"}', {"product": "r2"}), ('{"plan": "gold"}', {}), ("nonsense", {})],
)
async def test_a_page_may_say_what_it_is_about_and_its_faults_shut_nobody_out(
    service: Service, open_page: Opener, host: HostSite, said: str, kept: dict[str, str]
) -> None:
    await host.allow()
    host.attributes = said
    await service.house.pool.execute(
        "update workspace set policy = policy || $1",
        {"attributes": {"contact": {"plan": "text", "product": "text"}, "claims": ["product"]}},
    )
    page = await open_page("/login")
    await page.goto(host.origin)
    await page.get_by_test_id("widget-launcher").click()
    await page.get_by_test_id("widget-message").fill("Здравствуйте")
    await page.get_by_test_id("widget-start-chat").click()
    await expect(page.get_by_test_id("widget-log")).to_contain_text("Здравствуйте")
    rows = await service.house.pool.fetch("select attributes from contact")
    assert [row["attributes"] for row in rows] == [kept]


async def test_another_site_gets_no_further_than_the_button(
    service: Service, open_page: Opener, host: HostSite
) -> None:
    page = await open_page("/login")
    await page.goto(host.origin)
    await page.get_by_test_id("widget-launcher").click()
    await expect(page.get_by_test_id("widget-closed")).to_contain_text("нельзя связаться")
    assert await service.house.pool.fetchval("select count(*) from contact") == 0
