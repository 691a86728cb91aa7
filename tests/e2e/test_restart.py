"""What a restart, a kill, a frozen process and an emptied live store leave: all, in order."""

from __future__ import annotations

import re
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import redis.asyncio
from playwright.async_api import Browser, expect

from tests.e2e.actors import Widget
from tests.e2e.service import DOMAIN, PASSWORD, WIDGET, Process, process
from tests.e2e.stage import Stage
from tests.house import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAMES = ["First", "Second", "Third"]
AGAIN_MS = 30_000
"""Pages come back by themselves, after a pause that grows."""


@pytest_asyncio.fixture(loop_scope="session")
async def service(database: str, live: str) -> AsyncIterator[Process]:
    async with process(database, live) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def house(service: Process, browser: Browser) -> AsyncIterator[Stage]:
    stage = Stage(browser, service.url, domain=DOMAIN, password=PASSWORD)
    yield stage
    await stage.close()
    assert stage.faults == []


async def _line(house: Stage) -> list[Widget]:
    """Three customers, one after another."""
    line = []
    for place, name in enumerate(NAMES, start=1):
        customer = await house.visitor(f"?language=en&widget={WIDGET}")
        await customer.ask(f"I am the {name.lower()}", name=name)
        assert await customer.place() == place
        line.append(customer)
    return line


async def _back(line: list[Widget]) -> None:
    """Every page is connected again, and tells the place that it told before."""
    for place, customer in enumerate(line, start=1):
        lost = customer.page.get_by_test_id("widget-reconnecting")
        await expect(lost).to_be_hidden(timeout=AGAIN_MS)
        await expect(customer.status).to_have_attribute("data-position", str(place))


async def _served(house: Stage, line: list[Widget]) -> None:
    """An agent is offered all of them, in the order in which they came."""
    ana = await house.desk("ana", voice=False)
    for place, (name, customer) in enumerate(zip(NAMES, line, strict=True), start=1):
        await expect(ana.page.get_by_test_id("offer-name")).to_have_text(re.compile(name))
        await ana.page.get_by_test_id("accept").click()
        await expect(ana.page.get_by_test_id("conversation")).to_have_count(place)
        await expect(customer.status).to_have_attribute("data-state", "handling")


async def test_a_restart_and_then_a_kill_lose_nobody_who_waits_and_keep_the_order(
    service: Process, house: Stage
) -> None:
    line = await _line(house)
    service.send(signal.SIGTERM)
    assert await service.ended() == 0
    await expect(line[0].page.get_by_test_id("widget-reconnecting")).to_be_visible()
    await line[0].say("written while nobody listens")
    await service.start()
    await _back(line)

    service.send(signal.SIGKILL)
    await service.ended()
    await service.start()
    await _back(line)
    await _served(house, line)
    assert await line[0].said() == ["I am the first", "written while nobody listens"]


async def test_an_emptied_live_store_loses_nobody_who_waits_and_keeps_the_order(
    service: Process, house: Stage, live: str
) -> None:
    line = await _line(house)
    async with redis.asyncio.Redis.from_url(live, decode_responses=True) as store:
        await store.flushall()

        async def rebuilt() -> bool:
            return bool([name async for name in store.scan_iter(match="*:order:*")])

        await until(rebuilt, "the picture is there again", 15)
    await _back(line)
    await _served(house, line)


async def test_a_service_that_does_not_answer_makes_the_supervisors_figures_say_so(
    service: Process, house: Stage
) -> None:
    floor = await house.page("/supervisor", "sue")
    shown = floor.get_by_test_id("floor")
    await expect(shown).to_be_visible()
    await expect(floor.get_by_test_id("stale")).to_have_count(0)
    service.send(signal.SIGSTOP)
    await expect(floor.get_by_test_id("stale")).to_be_visible(timeout=15_000)
    await expect(shown).to_have_attribute("data-stale", "true")
    service.send(signal.SIGCONT)
    await expect(floor.get_by_test_id("stale")).to_have_count(0, timeout=AGAIN_MS)
    await _line(house)
    await expect(floor.get_by_test_id("tile-waiting")).to_have_text("3")
