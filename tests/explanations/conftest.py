"""A house over fresh stores, and one process of the service in front of it."""

from collections.abc import AsyncIterator

import pytest

from tests.house import House
from tests.web.service import Service, serving


@pytest.fixture
async def house(database: str, live: str) -> AsyncIterator[House]:
    opened = await House.open(database, live)
    yield opened
    await opened.close()


@pytest.fixture
async def service(house: House, database: str, live: str) -> AsyncIterator[Service]:
    async with serving(house, database, live) as started:
        yield started
