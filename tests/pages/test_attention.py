"""What makes an agent look up, and what the desk asks before the first call."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.pages.conftest import Opener
from tests.pages.support import WRITES, begin, open_desk, open_widget
from tests.web.service import Service

pytestmark = pytest.mark.asyncio(loop_scope="session")

# what the page shows and sounds while somebody works in another window
_WATCH = """
() => {
  window.shown = [];
  window.tones = 0;
  document.hasFocus = () => false;
  window.Notification = class {
    static permission = "granted";
    constructor(title, options) { window.shown.push([title, options.body]); }
    close() { window.shown.push("closed"); }
  };
  const make = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () {
    window.tones += 1;
    return make.call(this);
  };
}
"""


async def title_blinks(page: Page, text: str) -> None:
    await page.wait_for_function("text => document.title === text", arg=f"● {text}", polling=50)


async def test_an_offer_is_noticed_in_another_window_and_quiet_once_answered(
    service: Service, open_page: Opener
) -> None:
    agent = await service.house.agent("Ana", capacity=WRITES, presence="offline")
    desk = await open_desk(open_page, agent)
    await desk.evaluate(_WATCH)
    await desk.get_by_test_id("go-available").click()
    page = await open_widget(service, open_page)
    await begin(page, name="Maria")
    await title_blinks(desk, "Chat from Maria")
    assert await desk.evaluate("shown") == [["Chat from Maria", "Customer · customers"]]
    await desk.wait_for_function("() => tones >= 8", polling=100)  # it rings again and again
    icon = desk.locator('link[rel="icon"]')
    assert "c26a00" in (await icon.get_attribute("href") or "")

    await desk.get_by_test_id("decline").click()
    await expect(desk.get_by_test_id("offer")).to_have_count(0)
    await expect(desk).to_have_title("Agent desk · Secondline")
    assert (await desk.evaluate("shown"))[-1] == "closed"
    rung = await desk.evaluate("tones")
    await desk.wait_for_timeout(2500)  # longer than the pause between two rings
    assert await desk.evaluate("tones") == rung
    assert "c26a00" not in (await icon.get_attribute("href") or "")


async def test_of_two_desks_in_one_browser_the_newer_rings_and_both_show(
    service: Service, open_page: Opener
) -> None:
    agent = await service.house.agent("Ana", capacity=WRITES, presence="offline")
    older = await open_desk(open_page, agent)
    newer = await older.context.new_page()
    await newer.goto(f"{service.url}/desk")
    for desk in (older, newer):
        await expect(desk.get_by_test_id("go-available")).to_be_enabled()
        await desk.evaluate(_WATCH)
    await newer.get_by_test_id("go-available").click()
    page = await open_widget(service, open_page)
    await begin(page, name="Maria")
    for desk in (older, newer):
        await expect(desk.get_by_test_id("offer")).to_be_visible()
    await newer.wait_for_function("() => shown.length === 1 && tones > 0", polling=100)
    assert await older.evaluate("[shown, tones]") == [[], 0]
    await newer.get_by_test_id("accept").click()
    for desk in (older, newer):
        await expect(desk.get_by_test_id("offer")).to_have_count(0)
        await expect(desk.get_by_test_id("conversation")).to_have_count(1)


async def test_the_microphone_is_heard_before_the_first_call(
    service: Service, open_page: Opener
) -> None:
    agent = await service.house.agent("Ana", presence="offline")
    desk = await open_desk(open_page, agent)
    await desk.get_by_test_id("go-available").click()
    # the browser's pretended microphone beeps
    await expect(desk.get_by_test_id("microphone-state")).to_have_text("We hear you.")
    await expect(desk.get_by_test_id("presence")).to_have_attribute("data-state", "offline")
    await desk.get_by_test_id("microphone-go").click()
    await expect(desk.get_by_test_id("presence")).to_have_attribute("data-state", "available")
    # once in a tab is enough
    await desk.get_by_test_id("presence").click()
    await desk.get_by_test_id("presence-break-lunch").click()
    await expect(desk.get_by_test_id("presence")).to_contain_text("Lunch")
    await desk.reload()
    await expect(desk.get_by_test_id("presence")).to_contain_text("Lunch")
    await desk.get_by_test_id("go-available").click()
    await expect(desk.get_by_test_id("presence")).to_have_attribute("data-state", "available")


async def test_a_leavers_desk_goes_to_the_login(service: Service, open_page: Opener) -> None:
    agent = await service.house.agent("Ana", capacity=WRITES)
    admin = await service.account("admin")
    desk = await open_desk(open_page, agent)
    status, answer = await service.call("POST", f"/api/accounts/{agent}/disable", by=admin)
    assert status in (200, 204), answer
    await desk.wait_for_url("**/login?next=*")


async def test_somebody_without_a_desk_is_told_so(service: Service, open_page: Opener) -> None:
    supervisor = await service.account("supervisor")
    page = await open_page("/desk", by=supervisor)
    await expect(page.get_by_test_id("not-an-agent")).to_be_visible()
