"""The demo company on real stores and a port, and one browser for all of these tests.

Everything here runs on one loop for the whole run, for the browser belongs to one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from router.web.pages import DIST
from tests.e2e.stage import Stage, staged

# three browsers on a small machine draw late
expect.set_options(timeout=10_000)


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """There is no skipping: pages that are not built are untested."""
    if not (DIST / "desk.html").is_file():
        pytest.fail("The pages are not built: `sh install.sh test` builds them, or `make build`.")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                # two pages on one machine find each other without the network's help
                "--disable-features=WebRtcHideLocalIpsWithMdns",
            ],
        )
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(database: str, live: str, browser: Browser) -> AsyncIterator[Stage]:
    async with staged(database, live, browser) as opened:
        yield opened
