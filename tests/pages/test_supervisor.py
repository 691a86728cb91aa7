"""The supervisor's page: it moves by itself, says when it does not, and its actions act."""

import asyncio
import re

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.house import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_page, service):
    opened = await open_page("/supervisor", by=await service.account("supervisor", "Sue"))
    await expect(opened.get_by_test_id("floor")).to_be_visible()
    return opened


def _card(page, house, slug):
    return page.get_by_test_id(f"queue-{house.queues[slug]}")


def _row(page, table, id_):
    return page.get_by_test_id(table).locator(f"[data-row='{id_}']")


async def test_a_contact_is_seen_arriving_offered_taken_and_gone_without_a_reload(
    page, service, house
):
    waiting = _card(page, house, "customers").get_by_test_id("waiting")
    await expect(waiting).to_have_text("0")
    opened = await service.open(name="Kim <b>Bold</b>")
    contact = opened["contact"]
    await expect(waiting).to_have_text("1", timeout=3000)
    row = _row(page, "contacts-table", contact)
    # markup in a name is text
    await expect(row).to_contain_text("Kim <b>Bold</b>")
    await expect(row).to_contain_text("Waiting")
    await expect(_card(page, house, "customers")).to_contain_text("Nobody can serve")

    agent = await house.agent("Ana")
    await expect(row).to_contain_text("Ringing", timeout=3000)
    await expect(_card(page, house, "customers")).not_to_contain_text("Nobody can serve")
    await house.accept(agent)
    await expect(row).to_contain_text("With Ana", timeout=3000)
    await expect(_row(page, "agents-table", agent)).to_contain_text("Busy")
    await expect(waiting).to_have_text("0")
    await expect(page.get_by_test_id("tile-answered")).to_have_text("1")

    await house.contacts.end(house.workspace, contact, outcome="completed", by="agent")
    await expect(row).to_have_count(0, timeout=3000)
    await expect(_row(page, "agents-table", agent)).to_contain_text("Wrap-up")


async def test_waits_tick_by_themselves(page, service):
    opened = await service.open(name="Kim")
    cell = _row(page, "contacts-table", opened["contact"]).locator("time")
    first = await cell.inner_text()
    await expect(cell).not_to_have_text(first, timeout=2500)


async def test_figures_that_stand_still_are_greyed_and_dated_and_come_back(
    open_page, service, house
):
    """The path dies silently: the socket stays open, and nothing comes."""
    flowing = True
    page = await open_page("/login")

    def relay(route):
        server = route.connect_to_server()
        server.on_message(lambda message: route.send(message) if flowing else None)

    await page.route_web_socket("**/ws/floor", relay)
    supervisor = await service.account("supervisor", "Sue")
    name, token = (await service.sign_in(supervisor))["Cookie"].split("=", 1)
    await page.context.add_cookies([{"name": name, "value": token, "url": service.url}])
    await page.goto(service.url + "/supervisor")
    floor = page.get_by_test_id("floor")
    await expect(floor).to_be_visible()
    await expect(floor).not_to_have_attribute("data-stale", "true")

    flowing = False
    stale = page.get_by_test_id("stale")
    await expect(stale).to_have_text(re.compile(r"Figures as of \d\d:\d\d:\d\d"), timeout=9000)
    await expect(floor).to_have_attribute("data-stale", "true")

    async def greyed() -> bool:
        # it fades, so the first look may be too early
        return float(await floor.evaluate("e => getComputedStyle(e).opacity")) < 0.6

    await until(greyed, "the figures are greyed")
    # the clock stands with the figures
    dated = await stale.inner_text()
    await asyncio.sleep(1.5)
    assert await stale.inner_text() == dated

    await service.open(name="Kim")
    flowing = True
    await expect(stale).to_have_count(0, timeout=15_000)
    await expect(_card(page, house, "customers").get_by_test_id("waiting")).to_have_text("1")


async def test_a_supervisor_sets_an_agents_state_with_a_reason(page, house):
    agent = await house.agent("Ana")
    row = _row(page, "agents-table", agent)
    await row.get_by_test_id("agent-set-state").click()
    await page.get_by_test_id("presence-break").check()
    await page.get_by_test_id("presence-reason").fill("Training")
    await page.get_by_test_id("confirm").click()
    await expect(row).to_contain_text("Break · Training", timeout=2500)
    await expect(page.get_by_test_id("confirm")).to_have_count(0)


async def test_a_contact_is_moved_and_closed_from_its_panel_which_tells_its_story(
    page, service, house
):
    opened = await service.open(name="Kim", message="My router blinks")
    contact = opened["contact"]
    agent = await house.agent("Ana")
    await until(lambda: house.offer(agent), "offered")
    offer = await house.offer(agent)
    await house.contacts.decline(house.workspace, agent, offer["offer"])

    await _row(page, "contacts-table", contact).get_by_test_id("contact-open").click()
    panel = page.get_by_test_id("contact-drawer")
    await expect(panel).to_contain_text("My router blinks")
    await expect(panel.get_by_test_id("drawer-offer")).to_contain_text("Ana")
    await expect(panel.get_by_test_id("drawer-offer")).to_contain_text("declined")

    await page.get_by_test_id("drawer-move").click()
    await page.get_by_test_id("move-queue").click()
    await page.get_by_role("option", name=re.compile("experts")).click()
    await page.get_by_test_id("confirm").click()
    waiting = _card(page, house, "experts").get_by_test_id("waiting")
    await expect(waiting).to_have_text("1", timeout=2500)

    await page.get_by_test_id("drawer-close").click()
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("drawer-state")).to_have_text("Closed", timeout=6000)
    await expect(waiting).to_have_text("0")


async def test_why_a_contact_waits_and_why_it_is_not_offered_to_somebody_is_told(
    page, service, house
):
    await house.queue(
        "customers",
        {"steps": [{"filter": "agent.tags HAS 'mentor'", "seconds": 600}, {"tiers": [1, 2]}]},
    )
    ana = await house.agent("Ana")
    ben = await house.agent("Ben")
    await house.pool.execute("update agent set tags = '{mentor}' where id = $1", ana)
    await house.contacts.set_presence(house.workspace, ana, "break", "lunch")
    await house.contacts.set_presence(house.workspace, ana, "available")
    contact = (await service.open(name="Kim"))["contact"]
    await until(lambda: house.offer(ana), "offered")

    await _row(page, "contacts-table", contact).get_by_test_id("contact-open").click()
    panel = page.get_by_test_id("contact-drawer")
    await expect(panel.get_by_test_id("routing-standing")).to_have_text("It is offered to Ana.")
    await expect(panel.get_by_test_id("drawer-offer")).to_contain_text("was idle longest")
    offer = await house.offer(ana)
    await house.contacts.decline(house.workspace, ana, offer["offer"])
    await expect(panel.get_by_test_id("routing-declined")).to_contain_text(
        "Ana declined, until", timeout=6000
    )
    await expect(panel.get_by_test_id("routing-standing")).to_contain_text("let it pass of late")
    first = panel.get_by_test_id("routing-step-1")
    await expect(first).to_contain_text('agent.tags HAS "mentor"')
    await expect(first).to_contain_text("1 could, 1 free")
    await expect(first).to_have_attribute("aria-current", "step")
    await expect(panel.get_by_test_id("routing-step-2")).to_contain_text("2 could, 2 free")

    await panel.get_by_test_id("why-not-agent").click()
    await page.get_by_role("option", name="Ben").click()
    reasons = panel.get_by_test_id("why-not")
    against = reasons.locator("[data-passes=false]")
    await expect(against).to_have_count(1)
    await expect(against).to_contain_text('agent.tags HAS "mentor": agent.tags is empty.')
    await expect(panel).to_contain_text("They fit step 2, which begins")
    await expect(reasons.locator("[data-code=presence]")).to_contain_text("They are available.")
    # what stands in the way goes away, and the page says so by itself
    await house.contacts.set_presence(house.workspace, ben, "break", "training")
    await expect(against).to_have_count(2, timeout=6000)


async def test_what_the_service_refuses_is_said_in_the_dialog(page, service, house):
    opened = await service.open(name="Kim")
    await _row(page, "contacts-table", opened["contact"]).get_by_test_id("contact-open").click()
    await page.get_by_test_id("drawer-move").click()
    await page.get_by_test_id("move-queue").click()
    await page.get_by_role("option", name=re.compile("experts")).click()
    await house.contacts.end(house.workspace, opened["contact"], outcome="completed", by="person")
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_role("alert").filter(has_text="That did not work")).to_be_visible()


async def test_a_queue_is_closed_with_an_announcement_and_opened_again(page, service, house):
    card = _card(page, house, "customers")
    await card.get_by_role("button", name="Actions for customers").click()
    await page.get_by_role("menuitem", name=re.compile("Close")).click()
    await expect(page.get_by_test_id("confirm")).to_be_disabled()
    await page.get_by_test_id("announcement-en").fill("A storm: we are back at four.")
    await page.get_by_test_id("confirm").click()
    await expect(card).to_contain_text("Closed", timeout=2500)
    status, answer = await service.call(
        "POST",
        "/api/contacts",
        json={"widget": await service.widget(), "channel": "chat", "key": "k" * 20},
    )
    assert (status, answer["error"]["message"]) == (409, "A storm: we are back at four.")

    await card.get_by_role("button", name="Actions for customers").click()
    await page.get_by_role("menuitem", name=re.compile("Open")).click()
    await page.get_by_test_id("confirm").click()
    await expect(card).not_to_contain_text("Closed", timeout=2500)
    await service.open(name="Kim")


async def test_of_500_agents_only_those_in_view_are_drawn_and_all_are_found(page, house):
    await house.pool.execute(
        """
        with made as (
          insert into account (workspace_id, email, name, role)
          select $1, 'agent' || n || '@example.com', 'Agent ' || n, 'agent'
          from generate_series(1, 500) n returning id)
        insert into agent (id, workspace_id, tier, languages) select id, $1, 1, '{en}' from made
        """,
        house.workspace,
    )
    rows = await house.pool.fetch("select id from agent where workspace_id = $1", house.workspace)
    for row in rows:
        await house.contacts.set_presence(house.workspace, row["id"], "available")
    table = page.get_by_test_id("agents-table")
    await expect(table.locator("table")).to_have_attribute("aria-rowcount", "501", timeout=20_000)
    assert await table.locator("tbody tr[data-row]").count() < 60
    await page.get_by_test_id("agent-search").fill("Agent 499")
    await expect(table.locator("tbody tr[data-row]")).to_have_count(1)
    await page.get_by_test_id("agent-search").fill("")
    await page.get_by_role("button", name="Agent", exact=True).click()
    await expect(table.locator("tbody th").first).to_have_text("Agent 1")


async def test_an_agent_has_no_business_on_the_floor(open_page, house):
    page = await open_page("/supervisor", by=await house.agent("Ana"))
    await expect(page.get_by_test_id("not-allowed")).to_be_visible()


async def test_a_supervisor_who_leaves_is_shown_the_door_at_once(page, service, house):
    admin = await service.account("admin", "Ada")
    sue = await house.pool.fetchval("select id from account where name = 'Sue'")
    status, _ = await service.call("POST", f"/api/accounts/{sue}/disable", by=admin)
    assert status == 200
    await expect(page.get_by_test_id("link-state")).to_have_attribute("data-state", "closed")
