"""Who it is, and who may know: one person on three channels, and a customer handed on."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from router.demo import cast
from tests.e2e.stage import Company
from tests.house import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_expert_by_phone_chat_and_video_is_one_person_with_one_history(
    stage: Company,
) -> None:
    hanna = await stage.desk("hanna")
    nadia = cast.EXPERTS[0]
    call = await stage.dial(nadia.phones[0], stir="TN-Validation-Passed-A")
    await hanna.accept()
    await until(stage.in_conversation, "the call is connected", 15)
    call.hang_up()
    await hanna.wrap_up()

    token = await stage.token(nadia.name)
    for channel in ("chat", "video"):
        page = await stage.visitor(f"?language=en&token={token}")
        await page.ask(f"By {channel} now", topic="router", channel=channel)
        await expect(hanna.page.get_by_test_id("offer-name")).to_contain_text(nadia.name)
        await hanna.accept()
        if channel == "chat":
            await hanna.say("And again?")
            await expect(page.entries).to_have_count(2)
            await page.end()
            await hanna.wrap_up()

    # the panel beside the conversation shows the earlier ones, whatever channel they came by
    history = hanna.page.get_by_test_id("history-contact")
    await expect(history).to_have_count(2)
    contacts = await stage.pool.fetch("select channel, role, person_id from contact")
    assert {row["channel"] for row in contacts} == {"voice", "chat", "video"}
    assert {row["role"] for row in contacts} == {"expert"}
    assert len({row["person_id"] for row in contacts}) == 1


async def test_a_customer_is_handed_to_the_house_and_need_not_tell_it_again(
    stage: Company,
) -> None:
    amira = await stage.desk("amira")
    customer = await stage.visitor("?language=en")
    await customer.ask("The bill is wrong", name="Kim Lee", topic="invoice")
    await amira.accept()
    await customer.say("Twice the sum of last month")
    await expect(amira.messages).to_have_count(2)
    arrived = await stage.row("select id, arrived_at from contact")
    await amira.escalate(asked="Why twice the sum?", tried="Compared both bills line by line")
    await amira.wrap_up(outcome="unresolved", stars=4)

    # nobody of the house is there yet: the customer waits, and tier 1 is not asked again
    await expect(customer.status).to_have_attribute("data-state", "waiting")
    await expect(amira.offer).to_have_count(0)
    hanna = await stage.desk("hanna")
    await expect(hanna.offer).to_contain_text("Why twice the sum?")
    await hanna.accept()
    note = hanna.page.get_by_test_id("hand-over").first
    await expect(note).to_contain_text("Compared both bills line by line")
    await expect(hanna.messages).to_contain_text(["The bill is wrong", "Twice the sum"])
    # what agents tell each other is not for the customer
    await expect(customer.panel).not_to_contain_text("Compared both bills")
    await hanna.say("You were charged for two months at once. I take one back.")
    await expect(customer.entries).to_have_count(3)
    await hanna.end()
    await hanna.wrap_up(stars=5)
    await customer.rate(5)

    after = await stage.row("select id, arrived_at, outcome from contact")
    assert (after["id"], after["arrived_at"]) == (arrived["id"], arrived["arrived_at"])
    assert after["outcome"] == "completed"
    rated = await stage.pool.fetch(
        "select g.tier, r.direction, r.stars from rating r join agent g on g.id = r.agent_id"
        " order by g.tier, r.direction"
    )
    assert [tuple(row) for row in rated] == [
        (1, "of_person", 4),
        (2, "of_agent", 5),
        (2, "of_person", 5),
    ]


async def test_who_leaves_the_company_is_shut_out_at_once_with_sockets_and_conversation(
    stage: Company,
) -> None:
    amira = await stage.desk("amira")
    customer = await stage.visitor("?language=en")
    await customer.ask("Hello?", name="Kim", topic="internet")
    await amira.accept()
    await amira.say("Hello")
    await expect(customer.entries).to_have_count(2)

    admin = await stage.context("admin")
    leaver = await stage.account("amira")
    answer = await admin.request.post(
        f"{stage.url}/api/accounts/{leaver}/disable", headers={"Origin": stage.url}
    )
    assert answer.status == 200, await answer.text()
    await expect(amira.page).to_have_url(re.compile("/login"), timeout=5000)
    refused = await amira.page.request.get(f"{stage.url}/api/me")
    assert refused.status == 401
    again = await amira.page.request.post(
        f"{stage.url}/api/login",
        data={"email": f"amira@{cast.DOMAIN}", "password": cast.PASSWORD},
        headers={"Origin": stage.url},
    )
    assert again.status == 401
    # the customer is not left with nobody: back in line, and the next agent takes over
    bruno = await stage.desk("bruno")
    await bruno.accept()
    await expect(bruno.messages).to_contain_text(["Hello?", "Hello"])
