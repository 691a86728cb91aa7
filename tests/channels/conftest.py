from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.house import House


@pytest.fixture
async def house(database: str, live: str) -> AsyncIterator[House]:
    opened = await House.open(database, live)
    yield opened
    await opened.close()
