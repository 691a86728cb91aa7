"""Leases of those who have a socket here, or are about to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from router.queues.keys import key
from router.tasks import stop
from router.web.leases import Leases
from tests.house import House, until


@pytest.fixture
async def leases(house: House) -> AsyncIterator[Leases]:
    leases = Leases(house.engine)
    running = asyncio.create_task(leases.run())
    yield leases
    await stop(running)


async def _scripts(house: House) -> int:
    return int((await house.redis.info("commandstats"))["cmdstat_fcall"]["calls"])


async def test_many_who_are_expected_at_once_are_told_of_together(house: House, leases: Leases):
    visitors = key(house.workspace, await house.engine.epoch(house.workspace), "visitors")
    contacts = [uuid4() for _ in range(50)]
    before, now = await _scripts(house), await house.engine.now_ms()
    for contact in contacts:
        leases.expect(house.workspace, contact, 30)

    async def known() -> bool:
        return int(await house.redis.zcard(visitors)) == 50

    await until(known, "all have a lease", 5)
    assert await _scripts(house) - before == 1
    until_ms = await house.redis.zscore(visitors, str(contacts[-1]))
    assert 35_000 <= until_ms - now < 40_000


async def test_leases_go_on_after_the_store_was_away(
    house: House, leases: Leases, monkeypatch: pytest.MonkeyPatch
):
    visitors = key(house.workspace, await house.engine.epoch(house.workspace), "visitors")

    async def away(*_: object) -> None:
        raise OSError("no store")

    with monkeypatch.context() as broken:
        broken.setattr(house.engine, "touch_visitors", away)
        leases.expect(house.workspace, uuid4(), 30)
        await until(lambda: not leases._wake.is_set(), "it was tried")
    contact = uuid4()
    leases.expect(house.workspace, contact, 30)

    async def known() -> bool:
        return await house.redis.zscore(visitors, str(contact)) is not None

    await until(known, "the next one has a lease", 5)
