"""A shift without a mouse."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.stage import Company

pytestmark = pytest.mark.asyncio(loop_scope="session")

_HERE = """mark => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at?.closest(`[data-testid="${mark}"]`) !== null && at !== null;
}"""


async def _tab_to(page: Page, mark: str, key: str = "Tab") -> None:
    """Press the key until the focus is there; what cannot be reached fails."""
    for _ in range(40):
        if await page.evaluate(_HERE, mark):
            return
        await page.keyboard.press(key)
    raise AssertionError(f"{mark} is not reached by {key}")


async def test_an_agent_accepts_answers_ends_and_wraps_up_with_the_keyboard_alone(
    stage: Company,
) -> None:
    page = await stage.page("/desk", "amira")
    keys = page.keyboard
    await expect(page.get_by_test_id("go-available")).to_be_enabled()
    await _tab_to(page, "go-available")
    await keys.press("Enter")
    # the focus is on the way on, so that who has tried their microphone before just goes
    await expect(page.get_by_test_id("microphone-go")).to_be_focused()
    await keys.press("Enter")
    await expect(page.get_by_test_id("presence")).to_have_attribute("data-state", "available")

    customer = await stage.visitor("?language=en")
    await customer.ask("Hello?", name="Kim Lee", topic="internet")
    # whoever is not writing finds the focus on Accept
    await expect(page.get_by_test_id("accept")).to_be_focused()
    await keys.press("Enter")
    await expect(page.get_by_test_id("handling")).to_be_visible()
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await keys.type("Good day, what can I do?")
    await keys.press("Enter")
    await expect(customer.entries).to_have_count(2)

    await _tab_to(page, "end", "Shift+Tab")
    await keys.press("Enter")
    await expect(page.get_by_test_id("end-confirm")).to_be_visible()
    await keys.press("ArrowDown")
    await expect(page.get_by_test_id("end-confirm")).to_be_focused()
    await keys.press("Enter")
    await expect(page.get_by_test_id("wrapup")).to_be_visible()
    await _tab_to(page, "outcome-resolved")
    await keys.press("Space")
    await _tab_to(page, "wrapup-note")
    await keys.type("Only said hello")
    await _tab_to(page, "rate")
    for _ in range(4):
        await keys.press("ArrowRight")
    await _tab_to(page, "wrapup-done")
    await keys.press("Enter")
    await expect(page.get_by_test_id("handling")).to_have_count(0)
    done = await stage.row("select state, outcome, note from handling")
    assert tuple(done) == ("done", "resolved", "Only said hello")
    assert await stage.pool.fetchval("select stars from rating") == 4


async def test_a_customer_writes_ends_and_rates_with_the_keyboard_alone(stage: Company) -> None:
    amira = await stage.desk("amira")
    page = await stage.page("/?language=en")
    keys = page.keyboard
    await expect(page.get_by_test_id("widget-launcher")).to_be_visible()
    await _tab_to(page, "widget-launcher", "Shift+Tab")
    await keys.press("Enter")
    await expect(page.get_by_test_id("widget-name")).to_be_focused()
    await keys.type("Kim Lee")
    await _tab_to(page, "widget-topic")
    await keys.type("Internet")
    await _tab_to(page, "widget-message")
    await keys.type("Are you there?")
    await _tab_to(page, "widget-start-chat")
    await keys.press("Enter")
    await amira.accept()
    await amira.say("I am")
    await expect(page.get_by_test_id("widget-entry")).to_have_count(2)
    await _tab_to(page, "widget-composer")
    await keys.type("Thanks")
    await keys.press("Enter")
    await expect(amira.messages).to_have_count(3)
    await _tab_to(page, "widget-end")
    await keys.press("Enter")
    await _tab_to(page, "widget-end-confirm")
    await keys.press("Enter")
    await expect(page.get_by_test_id("widget-rating")).to_be_visible()
    await _tab_to(page, "widget-star-1")
    await keys.press("Space")
    for _ in range(3):
        await keys.press("ArrowRight")
    await _tab_to(page, "widget-rating-send")
    await keys.press("Enter")
    await expect(page.get_by_test_id("widget-thanks")).to_be_visible()
    assert await stage.pool.fetchval("select stars from rating") == 4
