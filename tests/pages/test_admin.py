"""The admin's page: each thing made by hand is there for the service, each fault at its field."""

import re

import pytest
import pytest_asyncio
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def admin(service):
    return await service.account("admin", "Ada")


async def _tab(open_page, admin, name):
    return await open_page(f"/admin#{name}", by=admin)


async def _choose(page, testid, name):
    await page.get_by_test_id(testid).click()
    await page.get_by_role("option", name=name).click()


async def test_somebody_is_invited_by_a_link_and_shut_out_when_they_leave(
    open_page, admin, service, house
):
    page = await _tab(open_page, admin, "people")
    await page.get_by_test_id("invite").click()
    await page.get_by_test_id("account-name-input").fill("Nora Braun")
    await page.get_by_test_id("account-email").fill("nora@example.com")
    await page.get_by_test_id("save").click()
    link = await page.get_by_test_id("link-dialog").get_by_test_id("copyable").inner_text()
    assert link.startswith(f"{service.url}/login?token=")
    await page.get_by_role("button", name="Done").click()

    nora = await house.pool.fetchval("select id from account where email = 'nora@example.com'")
    desk = await service.peer("/ws/desk", by=nora)
    await desk.until("snapshot")
    row = page.get_by_test_id("accounts-table").locator(f"[data-row='{nora}']")
    await expect(row).to_contain_text("Invited")
    await row.get_by_test_id("account-actions").click()
    await page.get_by_role("menuitem", name="Has left").click()
    await page.get_by_test_id("confirm").click()
    await expect(row).to_contain_text("Left")
    assert await desk.closed() == 4401

    await row.get_by_test_id("account-actions").click()
    await page.get_by_role("menuitem", name="Let in again").click()
    await page.get_by_test_id("confirm").click()
    await expect(row).to_contain_text("Invited")


async def test_what_an_agent_can_serve_is_changed_and_faults_are_at_their_field(
    open_page, admin, house
):
    agent = await house.agent("Ana", presence="offline")
    page = await _tab(open_page, admin, "agents")
    row = page.get_by_test_id("accounts-table").locator(f"[data-row='{agent}']")
    await row.get_by_test_id("account-actions").click()
    await page.get_by_role("menuitem", name="Edit").click()
    await page.get_by_test_id("agent-tier-input").fill("2")
    await page.get_by_label("On a phone").check()
    await page.get_by_test_id("reach-address").fill("12")
    await page.get_by_test_id("save").click()
    reach = page.get_by_test_id("reach-address")
    await expect(reach).to_have_attribute("aria-invalid", "true")
    await reach.fill("+49 30 901820")
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("editor")).to_have_count(0)
    stored = await house.pool.fetchrow("select * from agent where id = $1", agent)
    assert (stored["tier"], stored["reach"], stored["reach_address"]) == (
        2,
        "phone",
        "+4930901820",
    )
    await expect(row).to_contain_text("+4930901820")


async def test_what_filters_may_ask_of_an_agent_is_kept(open_page, admin, house):
    await house.pool.execute(
        "update workspace set policy = policy || $1",
        {"attributes": {"agent": {"author_value": "number", "night": "flag"}}},
    )
    agent = await house.agent("Ana", skills=("router",), presence="offline")
    page = await _tab(open_page, admin, "agents")
    row = page.get_by_test_id("accounts-table").locator(f"[data-row='{agent}']")
    await row.get_by_test_id("account-actions").click()
    await page.get_by_role("menuitem", name="Edit").click()
    await page.get_by_test_id("capacity-all").fill("2")
    await page.get_by_test_id("agent-details").click()
    await page.get_by_test_id("level-router").fill("4")
    await page.get_by_test_id("agent-tags").fill("mentor")
    await page.get_by_test_id("agent-tags").press("Enter")
    await page.get_by_test_id("location-country").fill("de")
    await page.get_by_test_id("attribute-author_value").fill("7.5")
    await _choose(page, "attribute-night", "yes")
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("editor")).to_have_count(0)
    stored = await house.pool.fetchrow("select * from agent where id = $1", agent)
    assert (stored["levels"], stored["tags"], stored["location"], stored["attributes"]) == (
        {"router": 4},
        ["mentor"],
        {"country": "DE"},
        {"author_value": 7.5, "night": True},
    )
    assert stored["capacity"]["all"] == 2


async def test_a_filter_is_checked_when_it_is_saved_and_the_column_is_shown(
    open_page, admin, house
):
    page = await _tab(open_page, admin, "queues")
    await (
        page.locator(f"[data-row='{house.queues['customers']}']")
        .get_by_test_id("edit-queue")
        .click()
    )
    filter_ = page.get_by_test_id("step-0-filter")
    await filter_.fill("agent.tier == 1 AND agent.tire > 1")
    await page.get_by_test_id("save").click()
    await expect(filter_).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_test_id("editor")).to_contain_text(
        "column 21: there is no name agent.tire; did you mean agent.tier?"
    )
    await filter_.fill("agent.rating >= 4")
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("editor")).to_have_count(0)
    policy = await house.pool.fetchval(
        "select policy from queue where id = $1", house.queues["customers"]
    )
    assert policy["steps"][0]["filter"] == "agent.rating >= 4"


async def test_experts_come_from_a_file_and_each_refused_line_says_why(
    open_page, admin, house, tmp_path
):
    page = await _tab(open_page, admin, "experts")
    await page.get_by_test_id("import-experts").click()
    async with page.expect_download() as started:
        await page.get_by_test_id("import-sample").click()
    sample = tmp_path / "sample.csv"
    await (await started.value).save_as(sample)
    file = tmp_path / "experts.csv"
    file.write_text(sample.read_text() + "12,Too short,,,,,\n47110009,Eve,no number,,,,\n")
    await page.locator("input[type=file]").set_input_files(file)
    await page.get_by_test_id("import-send").click()
    report = page.get_by_test_id("import-report")
    await expect(report).to_contain_text("2 added, 0 updated")
    await expect(report).to_contain_text("2 refused")
    lines = report.locator("tbody tr")
    await expect(lines.nth(0)).to_contain_text(re.compile(r"4\s*number.*4 to 12 digits"))
    await expect(lines.nth(1)).to_contain_text(re.compile(r"5\s*phones.*not a phone number"))
    await page.get_by_role("button", name="Close").click()
    await expect(page.get_by_test_id("experts-table")).to_contain_text("Ana Martins")


async def test_a_pin_is_shown_once_reset_and_revoked(open_page, admin, service, house):
    status, expert = await service.call(
        "POST", "/api/experts", by=admin, json={"number": "47110001", "name": "Ana Martins"}
    )
    assert status == 201, expert
    page = await _tab(open_page, admin, "experts")
    row = page.get_by_test_id("experts-table").locator(f"[data-row='{expert['id']}']")
    pins = []
    for action in ("Issue a PIN", "Reset the PIN"):
        await row.get_by_test_id("expert-actions").click()
        await page.get_by_role("menuitem", name=action).click()
        await page.get_by_test_id("confirm").click()
        dialog = page.get_by_test_id("pin-dialog")
        pins.append(await dialog.get_by_test_id("copyable").inner_text())
        await page.get_by_role("button", name="I have passed it on").click()
        await expect(row).to_contain_text("Issued")
    assert all(re.fullmatch(r"\d{6}", pin) for pin in pins)
    assert pins[0] not in await page.content()
    await row.get_by_test_id("expert-actions").click()
    await page.get_by_role("menuitem", name="Revoke").click()
    await page.get_by_test_id("confirm").click()
    await expect(row).to_contain_text("None")
    stored = await house.pool.fetchval("select pin_hash from expert where number = '47110001'")
    assert stored is None


async def test_an_expert_is_added_and_a_taken_number_is_said_at_its_field(open_page, admin):
    page = await _tab(open_page, admin, "experts")
    for name in ("Ana Martins", "Somebody else"):
        await page.get_by_test_id("new-expert").click()
        await page.get_by_test_id("expert-number").fill("47110001")
        await page.get_by_test_id("expert-name").fill(name)
        await page.get_by_test_id("save").click()
        if name == "Ana Martins":
            await expect(page.get_by_test_id("editor")).to_have_count(0)
    await expect(page.get_by_test_id("expert-number")).to_have_attribute("aria-invalid", "true")


async def test_a_queue_gets_another_policy_and_its_faults_are_at_their_field(
    open_page, admin, house
):
    page = await _tab(open_page, admin, "queues")
    table = page.get_by_test_id("queues-table")
    await table.get_by_role("button", name="Edit customers").click()
    await page.get_by_test_id("add-step").click()
    await page.get_by_test_id("target-share").fill("90")
    ended = page.get_by_label("Ended after")
    await ended.fill("20")
    await page.get_by_test_id("save").click()
    await expect(ended).to_have_attribute("aria-invalid", "true")
    await ended.fill("900")
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("editor")).to_have_count(0)
    policy = await house.pool.fetchval("select policy from queue where slug = 'customers'")
    assert len(policy["steps"]) == 2
    assert policy["target"]["share"] == pytest.approx(0.9)
    assert policy["chat"]["end_seconds"] == 900
    assert policy["escalates_to"] == "experts"


async def test_a_policy_written_as_json_is_taken_or_refused_with_the_reason(
    open_page, admin, house
):
    page = await _tab(open_page, admin, "queues")
    await page.get_by_test_id("new-queue").click()
    await page.get_by_test_id("queue-name").fill("Nacht & Notfall")
    await page.get_by_text("As JSON").click()
    raw = page.get_by_test_id("policy-raw")
    await raw.fill('{"steps": [')
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("editor-error")).to_be_visible()
    await raw.fill('{"steps": [{"tiers": []}]}')
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("editor")).to_contain_text("tiers")
    await raw.fill('{"steps": [{"tiers": [2], "seconds": 30}]}')
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("editor")).to_have_count(0)
    stored = await house.pool.fetchrow("select * from queue where slug = 'nacht-notfall'")
    assert stored["policy"]["steps"] == [{"tiers": [2], "seconds": 30}]


async def test_a_widget_is_made_and_its_snippet_opens_a_chat(open_page, admin, service, house):
    page = await _tab(open_page, admin, "entry-points")
    await page.get_by_test_id("new-entry-point").click()
    await page.get_by_test_id("entry-widget").check()
    await page.get_by_test_id("entry-name").fill("Website")
    await _choose(page, "entry-customer-queue", "customers")
    await _choose(page, "entry-expert-queue", "experts")
    await page.get_by_test_id("add-topic").click()
    await page.get_by_label("Topic", exact=True).fill("router")
    await page.get_by_label("In English").fill("Router and WiFi")
    await page.get_by_test_id("save").click()
    snippet = await page.get_by_test_id("copyable").inner_text()
    found = re.search(r'src="([^"]+/widget\.js)" data-widget="([^"]+)"', snippet)
    assert found is not None, snippet
    assert found[1] == f"{service.url}/widget.js"
    status, info = await service.call("GET", f"/api/widgets/{found[2]}")
    assert status == 200
    assert [item["topic"] for item in info["topics"]] == ["router"]


async def test_a_number_that_is_none_is_said_at_its_field(open_page, admin):
    page = await _tab(open_page, admin, "entry-points")
    await page.get_by_test_id("new-entry-point").click()
    await page.get_by_test_id("entry-name").fill("Hotline")
    await page.get_by_test_id("entry-address").fill("hello")
    await _choose(page, "entry-customer-queue", "customers")
    await _choose(page, "entry-expert-queue", "experts")
    await page.get_by_test_id("save").click()
    address = page.get_by_test_id("entry-address")
    await expect(address).to_have_attribute("aria-invalid", "true")
    await address.fill("+49 30 901820")
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("entry-points-table")).to_contain_text("+4930901820")


async def test_a_supervisor_does_not_administer(open_page, service):
    page = await open_page("/admin", by=await service.account("supervisor"))
    await expect(page.get_by_test_id("not-allowed")).to_be_visible()
