"""The supervisor's statistics: a day's figures as rows, pictures, words, and a file."""

from __future__ import annotations

import re

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from router.statistics.rollup import Rollup
from tests.house import House
from tests.pages.conftest import Opener
from tests.web.service import Service

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_page: Opener, service: Service, house: House) -> Page:
    """One contact was answered and one gave up, and both are counted."""
    agent = await house.agent("Ana")
    await house.arrive()
    await house.serve(agent)
    await house.contacts.set_presence(house.workspace, agent, "break", "lunch")
    lost = await house.arrive()
    await house.contacts.end(house.workspace, lost.id, outcome="abandoned", by="person")
    while not await Rollup(house.pool).run(house.workspace):
        pass
    return await open_page(
        "/supervisor#statistics", by=await service.account("supervisor", "Sue"), width=390
    )


async def test_a_days_figures_are_shown_by_queue_and_by_agent(page: Page, house: House):
    row = page.get_by_test_id("statistics-table").locator(
        f"[data-row='{house.queues['customers']}']"
    )
    await expect(row).to_contain_text("customers")
    await expect(row).to_contain_text("50%")
    total = page.get_by_test_id("statistics-total")
    await expect(total).to_contain_text("Answered1")
    await expect(page.get_by_text(re.compile(r"Counted until \d"))).to_be_visible()
    # the pictures say the same in words, and in numbers
    chart = page.get_by_test_id("day-chart").filter(has_text="customers")
    await expect(chart.get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("lowest service level 50%")
    )
    await chart.get_by_text("Numbers of customers").click()
    await expect(chart.get_by_role("table")).to_contain_text("50%")
    # nothing leaves the small screen to the side
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_test_id("statistics-by").get_by_text("Agents").click()
    await expect(page.get_by_test_id("statistics-table")).to_contain_text("Ana")
    await expect(page.get_by_test_id("day-chart")).to_have_count(0)


async def test_another_day_has_its_own_figures_and_today_comes_back(page: Page):
    table = page.get_by_test_id("statistics-table")
    await expect(table).to_contain_text("customers")
    await page.get_by_test_id("statistics-day").fill("2026-01-02")
    await expect(table).to_contain_text("Nothing happened on this day")
    csv = page.get_by_test_id("statistics-csv")
    await expect(csv).to_have_attribute("href", re.compile(r"by=queue.*day=2026-01-02"))
    await page.get_by_role("button", name="Today").click()
    await expect(table).to_contain_text("customers")
    async with page.expect_download() as download:
        await csv.click()
    assert (await download.value).suggested_filename.startswith("statistics-queue-")


async def test_figures_that_cannot_be_read_are_said_to_be_so(page: Page):
    await page.route("**/api/statistics*", lambda route: route.fulfill(status=503))
    await page.get_by_test_id("statistics-by").get_by_text("Tiers").click()
    await expect(page.get_by_role("alert")).to_contain_text("could not be read")
    await page.unroute("**/api/statistics*")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_test_id("statistics-table")).to_contain_text("Tier 1")


async def test_the_live_view_is_one_press_away(page: Page):
    await page.get_by_test_id("view").get_by_text("Live").click()
    await expect(page.get_by_test_id("floor")).to_be_visible()
    await expect(page.get_by_test_id("statistics")).to_have_count(0)
