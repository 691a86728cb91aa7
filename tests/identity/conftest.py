"""A workspace in a fresh database, and the identity room over it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import asyncpg
import pytest

from router.identity.experts import Experts
from router.identity.hashing import Hasher
from router.identity.people import People
from router.store.truth import open_pool
from tests.house import House
from tests.web.service import Service, serving


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(database)
    yield pool
    await pool.close()


@pytest.fixture
async def ws(pool: asyncpg.Pool) -> UUID:
    return await pool.fetchval(
        "insert into workspace (slug, name) values ('acme', 'Acme') returning id"
    )


@pytest.fixture(scope="session")
def hasher() -> Iterator[Hasher]:
    hasher = Hasher()
    yield hasher
    hasher.close()


@pytest.fixture
def people(pool: asyncpg.Pool, hasher: Hasher) -> People:
    return People(pool, hasher)


@pytest.fixture
def experts(pool: asyncpg.Pool, hasher: Hasher) -> Experts:
    return Experts(pool, hasher)


@pytest.fixture
async def house(database: str, live: str) -> AsyncIterator[House]:
    opened = await House.open(database, live)
    yield opened
    await opened.close()


@pytest.fixture
async def service(house: House, database: str, live: str) -> AsyncIterator[Service]:
    async with serving(house, database, live) as started:
        yield started


@pytest.fixture
async def admin(service: Service) -> UUID:
    return await service.account("admin", "Ada")
