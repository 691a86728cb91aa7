"""What people were promised and what it costs, as supervisors see it, and how they take it back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from tests.house import House
from tests.pages.conftest import Opener
from tests.web.service import Service

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _promised(service: Service, house: House, number: str, slot: int | None) -> UUID:
    """A callback that a visitor asked for: at one of the offered times, or in their turn."""
    opened = await service.open()
    at = f"/api/contacts/{opened['contact']}"
    wish = {"secret": opened["secret"], "number": number}
    if slot is not None:
        _, offered = await service.call(
            "GET", f"{at}/callback-times", params={"secret": opened["secret"]}
        )
        wish["at"] = offered["times"][slot]
    status, made = await service.call("POST", f"{at}/callback", json=wish)
    assert status == 201, made
    return UUID(made["contact"])


async def _day(service: Service, house: House) -> tuple[UUID, UUID]:
    """Two calls promised, one message that is overdue, and money spent; the two calls."""
    await house.pool.execute(
        "insert into entry_point (workspace_id, kind, address, name, customer_queue_id,"
        " expert_queue_id) values ($1, 'phone', '+4930111222', 'Line', $2, $3)",
        house.workspace,
        house.queues["customers"],
        house.queues["experts"],
    )
    late = await _promised(service, house, "0151 12345678", 20)
    soon = await _promised(service, house, "0151 87654321", None)
    left = await house.arrive(channel="voice")
    await house.contacts.leave_message(left.id)
    await house.pool.execute(
        "update contact set due_at = $2 where id = $1",
        left.id,
        datetime.now(UTC) - timedelta(minutes=5),
    )
    await house.pool.execute(
        "insert into call_cost (name, workspace_id, contact_id, number, day, cents, queue_id)"
        " values ('a', $1, $2, '+49', (now() at time zone 'Europe/Berlin')::date, 8250, $3)",
        house.workspace,
        left.id,
        house.queues["customers"],
    )
    return late, soon


async def _page(service: Service, open_page: Opener, width: int = 1440) -> Page:
    page = await open_page(
        "/supervisor#promises", by=await service.account("supervisor", "Sue"), width=width
    )
    await expect(page.get_by_test_id("promises-summary")).to_be_visible()
    return page


async def test_a_supervisor_sees_what_was_promised_to_whom_and_what_is_overdue(
    service: Service, house: House, open_page: Opener
) -> None:
    late, soon = await _day(service, house)
    page = await _page(service, open_page)
    calls = page.get_by_test_id("callbacks-table")
    first, second = calls.locator("tbody tr[data-row]").nth(0), calls.locator("tr[data-row]").nth(1)
    # whose turn may come at any moment is first
    await expect(first).to_have_attribute("data-row", str(soon))
    await expect(first).to_contain_text("In their turn")
    await expect(first).to_contain_text("+49 ••• ••21")
    await expect(second).to_have_attribute("data-row", str(late))
    await expect(second).to_contain_text("Promised")
    await expect(page.get_by_test_id("messages-table")).to_contain_text("Overdue")
    summary = page.get_by_test_id("promises-summary")
    await expect(summary).to_contain_text("Calls promised2next at")
    await expect(summary).to_contain_text("Messages open11 overdue")
    await second.get_by_test_id("callback-open").click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def test_money_is_told_against_the_days_limit_and_by_queue(
    service: Service, house: House, open_page: Opener
) -> None:
    await _day(service, house)
    page = await _page(service, open_page, width=390)
    meter = page.get_by_role("meter")
    await expect(meter).to_have_attribute("aria-valuetext", "82.50 of 100.00, 83%")
    await expect(page.get_by_test_id("spent-table")).to_contain_text(
        re.compile(r"customers\s*82\.50\s*82\.50")
    )
    await house.pool.execute(
        "update workspace set policy = $1", {"callbacks": {"cents_a_day": 8000}}
    )
    await expect(page.get_by_test_id("money-told")).to_contain_text(
        "nobody is called any more", timeout=15_000
    )
    # nothing hangs over the edge of a phone
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390


async def test_a_promise_is_taken_back_with_the_keyboard(
    service: Service, house: House, open_page: Opener
) -> None:
    late, soon = await _day(service, house)
    page = await _page(service, open_page)
    button = page.get_by_role("button", name="Take back the call to +49 ••• ••78")
    await button.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Nobody is called then")
    await page.get_by_test_id("confirm").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(f"tr[data-row='{late}']")).to_have_count(0)
    await expect(page.locator(f"tr[data-row='{soon}']")).to_have_count(1)
    ended = await house.pool.fetchrow("select outcome, ended_by from contact where id = $1", late)
    assert tuple(ended) == ("closed", "supervisor")


async def test_figures_that_cannot_be_read_again_say_so_and_stay(
    service: Service, house: House, open_page: Opener
) -> None:
    await _day(service, house)
    page = await _page(service, open_page)
    await page.route("**/api/callbacks", lambda route: route.abort())
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("This is not up to date", timeout=15_000)
    await expect(page.get_by_test_id("callbacks-table")).to_contain_text("In their turn")
    await page.unroute("**/api/callbacks")
    await alert.get_by_role("button", name="Try again").click()
    await expect(alert).to_have_count(0)
