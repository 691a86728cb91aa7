"""The widget on pages of other sites."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import unused_port
from playwright.async_api import expect

from tests.e2e.actors import Widget
from tests.e2e.stage import Company

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def site(stage: Company) -> AsyncIterator[int]:
    """A site of somebody else's with our script tag; its port. It goes by two names."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(
            text="<!doctype html><meta charset=utf-8><title>Shop</title><h1>Shop</h1>"
            f'<script src="{stage.url}/widget.js" data-widget="demo" data-language="en" async>'
            "</script>",
            content_type="text/html",
        )

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    port = unused_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield port
    await runner.cleanup()


async def _allow(stage: Company, origin: str) -> None:
    """The administrator lets a site embed the demo's widget."""
    admin = await stage.context("admin")
    entry = await stage.pool.fetchval("select id from entry_point where kind = 'widget'")
    answer = await admin.request.patch(
        f"{stage.url}/api/entry-points/{entry}",
        data={"origins": [origin]},
        headers={"Origin": stage.url},
    )
    assert answer.status == 200, await answer.text()


async def test_the_widget_works_on_a_site_that_is_allowed_and_survives_its_reload(
    stage: Company, site: int
) -> None:
    shop = f"http://localhost:{site}"
    await _allow(stage, shop)
    context = await stage.context()
    page = await context.new_page()
    stage.watch(page)
    await page.goto(shop)
    customer = Widget(page)
    await customer.open()
    amira = await stage.desk("amira")
    await customer.ask("From the shop", name="Kim Lee", topic="internet")
    await amira.accept()
    await amira.say("Hello, shop")
    await expect(customer.entries).to_have_count(2)
    await page.reload()
    await expect(customer.entries).to_have_count(2)
    await customer.say("Still here")
    await expect(amira.messages).to_have_count(3)
    await customer.end()
    await customer.rate(5)
    assert await stage.pool.fetchval("select stars from rating") == 5


async def test_the_widget_is_refused_on_a_site_that_is_not_allowed(
    stage: Company, site: int
) -> None:
    await _allow(stage, f"http://localhost:{site}")
    context = await stage.context()
    page = await context.new_page()
    # the same server by another name is another site
    await page.goto(f"http://127.0.0.1:{site}")
    await page.get_by_test_id("widget-launcher").click()
    await expect(page.get_by_test_id("widget-closed")).to_be_visible()
    form = await context.request.get(
        f"{stage.url}/api/widgets/demo", headers={"Origin": f"http://127.0.0.1:{site}"}
    )
    assert form.status == 403
    refused = await context.request.post(
        f"{stage.url}/api/contacts",
        data={"widget": "demo", "channel": "chat", "key": "k" * 20},
        headers={"Origin": f"http://127.0.0.1:{site}"},
    )
    assert refused.status == 403
    # nor does any other page get a socket, or act with somebody's session
    script = """url => new Promise(done => {
      const socket = new WebSocket(url);
      socket.onopen = () => done('open');
      socket.onerror = () => done('refused');
    })"""
    socket = stage.url.replace("http", "ws")
    for path in ("/ws/contact", "/ws/desk", "/ws/floor"):
        assert await page.evaluate(script, socket + path) == "refused"
    assert await stage.pool.fetchval("select count(*) from contact") == 0
