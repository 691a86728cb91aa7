"""The supervisor's page watches the whole of it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.e2e.stage import Company

pytestmark = pytest.mark.asyncio(loop_scope="session")

A_SECOND = 1500
"""As the page has to draw it, too, on a machine that runs three browsers."""


async def test_the_supervisor_sees_a_customer_arrive_ring_be_answered_handed_on_and_leave(
    stage: Company,
) -> None:
    floor = await stage.page("/supervisor", "supervisor")
    queue = {
        row["slug"]: floor.get_by_test_id(f"queue-{row['id']}").get_by_test_id("waiting")
        for row in await stage.pool.fetch("select slug, id from queue")
    }
    contact = floor.get_by_test_id("contacts-table").locator("[data-row]")
    await expect(queue["customers"]).to_have_text("0")

    customer = await stage.visitor("?language=en")
    await customer.ask("Nobody there?", name="Kim Lee", topic="internet")
    await expect(queue["customers"]).to_have_text("1", timeout=A_SECOND)
    await expect(contact).to_contain_text("Kim Lee", timeout=A_SECOND)
    await expect(contact).to_contain_text("Waiting")

    amira = await stage.desk("amira")
    await expect(contact).to_contain_text("Ringing", timeout=A_SECOND)
    agent = floor.get_by_test_id("agents-table").locator("[data-row]", has_text="Amira Said")
    await expect(agent).to_be_visible(timeout=A_SECOND)
    await amira.accept()
    await expect(contact).to_contain_text("With Amira Said", timeout=A_SECOND)
    await expect(agent).to_contain_text("Busy", timeout=A_SECOND)
    await expect(queue["customers"]).to_have_text("0", timeout=A_SECOND)
    await expect(floor.get_by_test_id("tile-answered")).to_have_text("1", timeout=A_SECOND)

    await amira.escalate(asked="Why?", tried="Nothing")
    await expect(queue["experts"]).to_have_text("1", timeout=A_SECOND)
    await expect(agent).to_contain_text("Wrap-up", timeout=A_SECOND)
    hanna = await stage.desk("hanna")
    await hanna.accept()
    await expect(contact).to_contain_text("With Hanna Weiss", timeout=A_SECOND)
    await hanna.end()
    await expect(contact).to_have_count(0, timeout=A_SECOND)
    await expect(floor.get_by_test_id("tile-waiting")).to_have_text("0")


async def test_a_supervisor_ends_a_contact_and_closes_a_queue_and_customers_read_it_at_once(
    stage: Company,
) -> None:
    floor = await stage.page("/supervisor", "supervisor")
    customer = await stage.visitor("?language=en")
    await customer.ask("Anybody?", name="Kim Lee", topic="internet")
    contact = floor.get_by_test_id("contacts-table").locator("[data-row]")
    await expect(contact).to_be_visible(timeout=A_SECOND)
    await contact.get_by_test_id("contact-open").click()
    await floor.get_by_test_id("drawer-close").click()
    await floor.get_by_test_id("confirm").click()
    await expect(customer.page.get_by_test_id("widget-over")).to_be_visible(timeout=A_SECOND)

    await floor.keyboard.press("Escape")
    await floor.get_by_role("button", name="Actions for Customers").click()
    await floor.get_by_role("menuitem", name=re.compile("Close")).click()
    await floor.get_by_test_id("announcement-en").fill("We are back on <b>Monday</b>.")
    await floor.get_by_test_id("confirm").click()
    late = await stage.visitor("?language=en")
    await expect(late.page.get_by_test_id("widget-closed")).to_contain_text(
        "We are back on <b>Monday</b>."
    )
