"""A chat from the customer page to the desk and back, in two real browsers."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.actors import Wire
from tests.e2e.stage import Company
from tests.house import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

MARKUP = '<img src=x onerror="window.hurt = 1"><b>bold</b>'


async def test_a_chat_goes_from_the_widget_to_a_rating_on_both_sides(stage: Company) -> None:
    """With a reload on both sides and dropped sockets on both: each message once, in order."""
    desk_wire, own_wire = Wire(), Wire()
    amira = await stage.desk("amira", wire=desk_wire)
    customer = await stage.visitor("?language=en", wire=own_wire)
    await customer.ask("My line is down", name="Kim Lee", topic="internet")
    await expect(amira.page.get_by_test_id("offer-name")).to_contain_text("Kim Lee")
    await amira.accept()
    told = ["My line is down"]

    async def both_read() -> None:
        for side in (amira, customer):
            await until(lambda side=side: _says(side, told), f"{told} on {side.page.url}")

    await both_read()
    for number in range(4):
        side = (amira, customer)[number % 2]
        await side.say(f"message {number}")
        told.append(f"message {number}")
    await both_read()

    # both pages are loaded anew in the middle of a sentence
    await amira.page.get_by_test_id("composer").fill("half a sen")
    await amira.page.reload()
    await customer.page.reload()
    await amira.page.get_by_test_id("conversation").first.click()
    await expect(amira.page.get_by_test_id("composer")).to_have_value("half a sen")
    await both_read()

    # both sockets drop; what is written meanwhile arrives when they are back
    await own_wire.cut()
    await expect(customer.page.get_by_test_id("widget-reconnecting")).to_be_visible()
    await customer.say("written without a line")
    await amira.say("written to somebody who is away")
    await expect(amira.messages).to_have_count(6)
    told.append("written to somebody who is away")
    own_wire.mend()
    told.append("written without a line")
    await both_read()

    # the answer to what was sent is lost: it is sent again, and kept once
    desk_wire.mute = True
    await amira.say("said once")
    told.append("said once")
    await until(lambda: _says(customer, told), "the customer reads it")
    await desk_wire.cut()
    desk_wire.mend()
    await expect(amira.page.get_by_test_id("message-pending")).to_have_count(0, timeout=15_000)
    await both_read()

    await amira.end()
    await amira.wrap_up(stars=4)
    await customer.rate(5, "quick and kind")
    ratings = await stage.pool.fetch(
        "select direction, stars, comment, revealed_at is not null as seen from rating"
        " order by direction"
    )
    assert [tuple(row) for row in ratings] == [
        ("of_agent", 5, "quick and kind", True),
        ("of_person", 4, None, True),
    ]
    contact = await stage.row("select * from contact")
    assert (contact["state"], contact["outcome"], contact["topic"]) == (
        "ended",
        "completed",
        "internet",
    )
    stored = await stage.pool.fetch(
        "select data->>'text' as text from contact_event where kind = 'message' order by seq"
    )
    assert [row["text"] for row in stored] == told


async def _says(side: object, told: list[str]) -> bool:
    return await side.said() == told  # type: ignore[attr-defined]  # a desk or a widget


async def test_markup_in_names_and_messages_is_text_everywhere(stage: Company) -> None:
    supervisor = await stage.page("/supervisor", "supervisor")
    amira = await stage.desk("amira")
    customer = await stage.visitor("?language=en")
    await customer.ask(MARKUP, name=MARKUP, topic="internet")
    row = supervisor.get_by_test_id("contacts-table").get_by_text(MARKUP)
    await expect(row).to_be_visible()
    await expect(amira.page.get_by_test_id("offer-name")).to_contain_text(MARKUP)
    await amira.accept()
    await expect(amira.messages).to_contain_text([MARKUP])
    await amira.say(MARKUP)
    await expect(customer.entries).to_contain_text([MARKUP, MARKUP])
    await asyncio.sleep(0.3)  # an image that is none would have failed by now
    for page in (supervisor, amira.page, customer.page):
        assert await page.evaluate("window.hurt") is None
