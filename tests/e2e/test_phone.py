"""Telephone calls to the desk: from the phone booth by voice, and by scripted callers."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from router.demo import cast
from tests.e2e.actors import carried
from tests.e2e.stage import Company
from tests.house import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENGLISH, GERMAN = (line.address for line in cast.LINES)


async def test_a_call_from_the_booth_is_answered_at_the_desk_and_both_hear_each_other(
    stage: Company,
) -> None:
    amira = await stage.desk("amira")
    booth = await stage.booth("+4917604069055", ENGLISH)
    await booth.dial()
    await booth.hears("For English, press 1")
    await booth.press("1")
    await booth.hears("expert number")
    await booth.press("*")
    await booth.hears("Router: press 2")
    await booth.press("2")
    await expect(amira.offer).to_have_attribute("data-channel", "voice", timeout=8000)
    # a freelancer sees no more of the number than its end
    await expect(amira.offer).not_to_contain_text("4917604069055")
    await amira.accept()
    for page in (amira.page, booth.page):
        before = await carried(page, "heard", more_than=20)
        await carried(page, "heard", more_than=before)
        await carried(page, "spoken", more_than=before)
    await expect(amira.page.get_by_test_id("phone-state")).to_have_text("Talking")

    await amira.end()
    await booth.hears("1 to 5")
    await booth.press("5")
    await booth.hears("Thank you")
    await amira.wrap_up(stars=3)
    contact = await stage.row("select * from contact")
    assert (contact["language"], contact["topic"], contact["outcome"]) == (
        "en",
        "router",
        "completed",
    )
    ratings = await stage.pool.fetch("select direction, stars from rating order by direction")
    assert [tuple(row) for row in ratings] == [("of_agent", 5), ("of_person", 3)]
    assert stage.telephone_errors() == []


async def test_an_expert_whose_number_is_withheld_keys_in_number_and_pin_and_meets_the_house(
    stage: Company,
) -> None:
    amira = await stage.desk("amira")
    hanna = await stage.desk("hanna")
    expert = cast.EXPERTS[2]
    call = await stage.dial("anonymous")
    await call.answers(f"{expert.number}#")
    await call.hears("PIN", within=10)
    assert call.press(f"{expert.pin}#")
    await expect(hanna.page.get_by_test_id("offer-name")).to_contain_text(expert.name)
    await expect(amira.offer).to_have_count(0)
    await hanna.accept()
    await until(stage.in_conversation, "both in the room")
    await hanna.end()
    await call.hears("1 bis 5", within=15)
    call.press("4")
    await call.over(15)
    await hanna.wrap_up(stars=5)
    contact = await stage.row("select * from contact")
    assert (contact["role"], contact["assurance"], contact["outcome"]) == (
        "expert",
        2,
        "completed",
    )
    assert await stage.pool.fetchval("select stars from rating where direction = 'of_agent'") == 4
    assert stage.telephone_errors() == []


async def test_a_customer_who_is_known_calls_a_freelancer_and_hangs_up_when_all_is_said(
    stage: Company,
) -> None:
    amira = await stage.desk("amira")
    customer = cast.CUSTOMERS[0]
    call = await stage.dial(customer.phone, stir="TN-Validation-Passed-A")
    await amira.accept()
    await until(stage.in_conversation, "both in the room", 15)
    call.hang_up()
    await amira.wrap_up(outcome="unresolved", stars=2)
    contact = await stage.row("select * from contact")
    assert (contact["role"], contact["outcome"], contact["ended_by"]) == (
        "customer",
        "completed",
        "person",
    )
    assert await stage.pool.fetchval("select outcome from handling") == "unresolved"
    assert stage.telephone_errors() == []
