"""A house over fresh stores for each test that routes."""

from collections.abc import AsyncIterator

import pytest

from tests.house import House


@pytest.fixture
async def house(database: str, live: str) -> AsyncIterator[House]:
    opened = await House.open(database, live)
    yield opened
    await opened.close()
