"""A house over fresh stores for each test, and its policy."""

from collections.abc import AsyncIterator

import pytest

from router.policy.versions import Versions
from tests.house import House
from tests.web.service import Service, serving


@pytest.fixture
async def house(database: str, live: str) -> AsyncIterator[House]:
    opened = await House.open(database, live)
    yield opened
    await opened.close()


@pytest.fixture
def versions(house: House) -> Versions:
    return Versions(house.pool)


@pytest.fixture
async def service(house: House, database: str, live: str) -> AsyncIterator[Service]:
    async with serving(house, database, live) as started:
        yield started
