"""The demo company on real stores and a port, on the browser's own loop."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from router.web.pages import DIST
from tests.e2e.stage import Stage, staged


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """There is no skipping: pages that are not built are untested."""
    if not (DIST / "desk.html").is_file():
        pytest.fail("The pages are not built: `sh install.sh test` builds them, or `make build`.")


@pytest_asyncio.fixture(loop_scope="session")
async def stage(database: str, live: str, browser: Browser) -> AsyncIterator[Stage]:
    async with staged(database, live, browser) as opened:
        yield opened
