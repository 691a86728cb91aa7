"""Two browsers see each other: fake cameras, real frames."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.actors import carried, plays
from tests.e2e.stage import Company

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_video_contact_is_seen_and_heard_on_both_sides_until_it_is_rated(
    stage: Company,
) -> None:
    hanna = await stage.desk("hanna")
    token = await stage.token("Nadia Brandt")
    nadia = await stage.visitor(f"?language=en&token={token}")
    await nadia.ask("The light blinks red: look", topic="router", channel="video")
    await expect(hanna.page.get_by_test_id("offer")).to_have_attribute("data-channel", "video")
    await hanna.accept()
    for page in (hanna.page, nadia.page):
        before = await carried(page, "frames", more_than=10)
        await carried(page, "frames", more_than=before)
        await carried(page, "heard", more_than=10)
    await plays(hanna.page.get_by_test_id("video-remote"))

    # the picture ends, the conversation goes on
    await hanna.page.get_by_test_id("video-stop").click()
    await hanna.say("Seen. Please press the reset button.")
    await expect(nadia.entries).to_have_count(2)
    await hanna.end()
    await hanna.wrap_up(stars=5)
    await nadia.rate(4)
    contact = await stage.row("select channel, role, assurance, outcome from contact")
    assert tuple(contact) == ("video", "expert", 3, "completed")
    assert (
        await stage.pool.fetchval("select count(*) from rating where revealed_at is not null") == 2
    )


async def test_a_chat_becomes_video_when_the_customer_asks_and_the_agent_agrees(
    stage: Company,
) -> None:
    amira = await stage.desk("amira")
    customer = await stage.visitor("?language=en")
    await customer.ask("Which cable is it?", name="Kim", topic="router")
    await amira.accept()
    await customer.page.get_by_test_id("widget-video-ask").click()
    await expect(amira.page.get_by_test_id("video-asked")).to_be_visible()
    await amira.page.get_by_test_id("video-start").click()
    for page in (amira.page, customer.page):
        await carried(page, "frames", more_than=5)
    await customer.page.get_by_test_id("widget-video-stop").click()
    await expect(amira.page.get_by_test_id("video")).to_have_count(0)
    await customer.say("That was it, thank you")
    await expect(amira.messages).to_have_count(2)
