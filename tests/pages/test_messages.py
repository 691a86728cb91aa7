"""Messages and callbacks on the pages: heard at the desk, overdue on the floor, asked for in the
widget."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.house import House
from tests.pages.conftest import Opener
from tests.pages.support import begin, open_desk, open_widget
from tests.web.service import Service

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_message_is_seen_to_at_the_desk_and_shown_overdue_on_the_floor(
    service: Service, house: House, open_page: Opener
) -> None:
    contact = await house.arrive(channel="voice", line=False)
    await house.contacts.enter(contact.id)
    await house.contacts.begin_message(contact.id)
    await house.contacts.leave_message(contact.id, {"recording": "RE1", "seconds": 12})
    agent = await house.agent("Ana", capacity={"voice": 1, "chat": 0, "video": 0})
    desk = await open_desk(open_page, agent)
    await expect(desk.get_by_test_id("offer")).to_contain_text("Message")
    await desk.get_by_test_id("accept").click()
    panel = desk.get_by_test_id("message-panel")
    await expect(panel).to_contain_text("To be seen to by")
    await expect(desk.get_by_test_id("message-sound")).to_be_visible()
    await expect(desk.get_by_test_id("phone")).to_have_count(0)

    # nobody knows a number to call: the agent is told so, and keeps the message
    await desk.get_by_test_id("message-call-back").click()
    await expect(desk.get_by_text("Nobody was called")).to_be_visible()
    await house.contacts.desk_lost(house.workspace, agent)
    await house.pool.execute("update contact set due_at = now() - interval '1 h'")
    floor = await open_page("/supervisor", by=await service.account("supervisor"))
    await expect(floor.get_by_test_id("contact-overdue")).to_be_visible()


async def test_a_visitor_who_is_offered_a_call_asks_for_it(
    service: Service, house: House, open_page: Opener
) -> None:
    await house.pool.execute(
        "insert into entry_point (workspace_id, kind, address, name, customer_queue_id,"
        " expert_queue_id) values ($1, 'phone', '+4930111222', 'Line', $2, $3)",
        house.workspace,
        house.queues["customers"],
        house.queues["experts"],
    )
    overflow = [{"on": "wait", "most": 0, "then": {"to": "callback"}}]
    await house.queue("customers", {"steps": [{"tiers": [1]}], "overflow": overflow})
    page = await open_widget(service, open_page, width=390)
    await begin(page)
    form = page.get_by_test_id("widget-callback")
    await expect(form).to_be_visible(timeout=15_000)
    await expect(page.get_by_test_id("widget-log")).to_contain_text("We can call you instead")
    await page.get_by_test_id("widget-callback-number").fill("0900 1234567")
    await page.get_by_test_id("widget-callback-send").click()
    await expect(page.get_by_test_id("widget-callback-error")).to_contain_text("of this kind")
    await page.get_by_test_id("widget-callback-number").fill("0151 12345678")
    await page.get_by_test_id("widget-callback-time").select_option(index=1)
    await page.get_by_test_id("widget-callback-send").click()
    await expect(page.get_by_test_id("widget-over")).to_contain_text("We will call you")
    at = await house.pool.fetchval("select at from callback where number = '+4915112345678'")
    assert at is not None
