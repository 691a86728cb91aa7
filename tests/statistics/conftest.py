"""A house over fresh stores for each test, and the counting of its figures."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from router.statistics.rollup import Rollup
from tests.house import House


@pytest.fixture
async def house(database: str, live: str) -> AsyncIterator[House]:
    opened = await House.open(database, live)
    yield opened
    await opened.close()


@pytest.fixture
def rollup(house: House) -> Rollup:
    return Rollup(house.pool)
