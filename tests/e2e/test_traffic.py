"""The demo's traffic: simulated people at the real front doors."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest
from playwright.async_api import expect

from router.demo.traffic import AGENTS, run
from tests.e2e.stage import Company
from tests.house import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

DONE = """
select count(*) filter (where channel = 'chat' and outcome = 'completed') >= 5
   and count(*) filter (where channel = 'voice' and outcome = 'completed') >= 3
   and count(*) filter (where role = 'expert') >= 1
   and (select count(distinct direction) from rating) = 2
   and (select count(*) from handling where state = 'done' and outcome is not null) >= 5
from contact
"""


async def test_traffic_fills_the_floor_through_the_front_doors_and_stops_at_once(
    stage: Company,
) -> None:
    floor = await stage.page("/supervisor", "supervisor")
    told: list[str] = []
    traffic = asyncio.create_task(run(stage.app, tempo=6, tell=told.append))
    try:
        agents = floor.get_by_test_id("agents-table").locator("[data-row]")
        await expect(agents).to_have_count(len(AGENTS), timeout=15_000)
        busy = floor.get_by_test_id("contacts-table").get_by_text("With ")
        await expect(busy.nth(3)).to_be_visible(timeout=20_000)
        await until(lambda: stage.pool.fetchval(DONE), "contacts of every kind are done", 60)
        await until(lambda: told, "a status line")
    finally:
        traffic.cancel()
        begun = time.monotonic()
        with contextlib.suppress(asyncio.CancelledError):
            await traffic
    assert time.monotonic() - begun < 2
    assert stage.telephone_errors() == []
    # who tries the demo has logins that the simulation does not use
    people = await stage.pool.fetch(
        "select distinct a.email from handling h join account a on a.id = h.agent_id"
    )
    assert all(row["email"].startswith("sim") for row in people)
