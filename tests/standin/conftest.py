from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from router.standin import Standin
from tests.standin.service import Service, playing


@pytest.fixture
async def played() -> AsyncIterator[tuple[Service, Standin]]:
    async with playing() as both:
        yield both


@pytest.fixture
def service(played: tuple[Service, Standin]) -> Service:
    return played[0]


@pytest.fixture
def standin(played: tuple[Service, Standin]) -> Standin:
    return played[1]
