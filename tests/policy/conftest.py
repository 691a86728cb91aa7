"""A house over fresh stores for each test, and its policy."""

from collections.abc import AsyncIterator

import pytest

from router.policy.versions import Versions
from tests.house import House


@pytest.fixture
async def house(database: str, live: str) -> AsyncIterator[House]:
    opened = await House.open(database, live)
    yield opened
    await opened.close()


@pytest.fixture
def versions(house: House) -> Versions:
    return Versions(house.pool)
