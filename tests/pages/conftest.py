"""A real browser on the built pages, with the whole service and real stores behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from router.web.pages import DIST
from tests.house import House
from tests.web.service import Service, serving

Opener = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """There is no skipping: pages that are not built are untested."""
    if not (DIST / "supervisor.html").is_file():
        pytest.fail("The pages are not built: `sh install.sh test` builds them, or `make build`.")


@pytest_asyncio.fixture(loop_scope="session")
async def house(database: str, live: str) -> AsyncIterator[House]:
    opened = await House.open(database, live)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def service(house: House, database: str, live: str) -> AsyncIterator[Service]:
    async with serving(house, database, live) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(service: Service, browser: Browser) -> AsyncIterator[Opener]:
    """`await open_page("/supervisor", by=account)`: a page in a browser of its own.

    A page that throws, or that breaks its own content policy, fails the test.
    """
    faults: list[str] = []
    contexts: list[BrowserContext] = []

    async def opened(path: str, *, by: UUID | None = None, width: int = 1440) -> Page:
        context = await browser.new_context(
            viewport={"width": width, "height": 900}, locale="en-GB", accept_downloads=True
        )
        contexts.append(context)
        if by is not None:
            name, token = (await service.sign_in(by))["Cookie"].split("=", 1)
            await context.add_cookies([{"name": name, "value": token, "url": service.url}])
        page = await context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda said: faults.append(said.text) if "Content Security" in said.text else None,
        )
        await page.goto(service.url + path)
        return page

    yield opened
    for context in contexts:
        await context.close()
    assert faults == []
