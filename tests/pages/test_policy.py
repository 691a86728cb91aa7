"""The policy's page: text with its faults at their lines, what would change, history, rollback."""

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.house import House, until
from tests.pages.conftest import Opener
from tests.web.service import Service

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_page: Opener, service: Service) -> Page:
    opened = await open_page("/admin#policy", by=await service.account("admin", "Ada"))
    await expect(opened.get_by_test_id("policy-text")).to_contain_text("customers:")
    return opened


async def _write(page: Page, text: str) -> None:
    editor = page.get_by_test_id("policy-text")
    await editor.click()
    await editor.press("ControlOrMeta+a")
    await page.keyboard.insert_text(text)


POLICY = """queues:
  experts:
    name: The house
    steps: [{tiers: [2], skills: false}]
  customers:
    name: Customers
    escalates_to: experts
    steps:
      - {tiers: [2], seconds: 60}
"""


async def test_faults_are_at_their_lines_and_a_good_text_counts_for_those_who_wait(
    page: Page, house: House
) -> None:
    widget = await house.pool.fetchval("select address from entry_point")
    points = f"entry_points:\n  - {{kind: widget, address: {widget}, name: Shop,"
    points += " customers: customers, experts: experts,"
    points += " menu: [{key: 1, topic: modem, label: {en: Modem}}]}\n"
    contact = await house.arrive()
    hanna = await house.agent("Hanna", tier=2)
    wrong = POLICY.replace("to: experts", "to: expertz").replace("[2], sec", "[0], sec")
    await _write(page, wrong + points)
    state = page.get_by_test_id("policy-state")
    await expect(state).to_contain_text("One problem")
    problems = page.get_by_test_id("policy-problems")
    await expect(problems).to_contain_text("Line 9")
    text = page.get_by_test_id("policy-text")
    await expect(text).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_test_id("policy-activate")).to_be_disabled()
    await _write(page, wrong.replace("[0]", "[2]") + points)
    await expect(problems).to_contain_text("There is no queue “expertz”")
    # by the keyboard alone: from the list to the place in the text, and out of it by Tab
    await problems.get_by_role("button").press("Enter")
    await expect(text).to_be_focused()
    await page.keyboard.press("End")
    await page.keyboard.press("Backspace")
    await page.keyboard.insert_text("s")
    await expect(state).to_contain_text("Good; 5 changes")
    # what is odd is told, and stands in nobody's way
    await expect(page.get_by_test_id("policy-hints")).to_contain_text(
        "No agent has the skill “modem”"
    )
    await page.keyboard.press("Tab")
    await expect(text).not_to_be_focused()

    await page.get_by_test_id("policy-activate").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_test_id("changes")).to_contain_text("queues.experts.name")
    await page.get_by_test_id("policy-note").fill("The house serves all")
    await page.get_by_test_id("confirm").click()
    history = page.get_by_test_id("policy-history")
    await expect(history.get_by_role("listitem").first).to_contain_text("The house serves all")
    await expect(history).to_contain_text("As it was found")
    await expect(state).to_contain_text("Version 2, as it is active")

    async def served() -> bool:
        await house.contacts.follow_policies()
        return await house.offered(hanna) == contact.id

    await until(served, "who waited is offered to those whom the policy now lets serve them")


async def test_a_version_shows_what_it_changed_and_is_brought_back(
    page: Page, service: Service, house: House
) -> None:
    admin = await service.account("admin", "Olivia")
    _, active = await service.call("GET", "/api/policy", by=admin)
    text = active["text"].replace("name: experts", "name: The house")
    await service.call(
        "POST", "/api/policy/activate", json={"text": text, "seen": 1, "note": "Name"}, by=admin
    )
    # the page was opened before: it is told, and nothing that others did is overwritten
    await _write(page, active["text"] + "# mine\n")
    await expect(page.get_by_role("alert")).to_contain_text("Version 2 is active by now")
    await expect(page.get_by_test_id("policy-activate")).to_be_disabled()
    await page.get_by_test_id("policy-reload").click()
    await expect(page.get_by_test_id("policy-text")).to_contain_text("The house")

    second = page.get_by_test_id("version-2")
    await second.get_by_role("button", name="What version 2 changed").click()
    await expect(second.get_by_test_id("changes")).to_have_text(
        "queues.experts.name was “experts”, becomes “The house”"
    )
    await page.get_by_role("button", name="Bring back version 1").click()
    await expect(page.get_by_role("dialog").get_by_test_id("changes")).to_contain_text(
        "was “The house”, becomes “experts”"
    )
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("version-3")).to_contain_text("Back to version 1")
    await expect(page.get_by_test_id("policy-text")).to_contain_text("name: experts")


async def test_the_form_of_a_queue_keeps_what_it_does_not_show(
    open_page: Opener, service: Service, house: House
) -> None:
    policy = {
        "steps": [{"tiers": [3], "head_start_seconds": 7, "filter": "agent.rating >= 3"}],
        "head_starts": {"repeat_seconds": 60},
        "choice": {"familiar_days": 3},
        "closed": {"to": "close", "message": {"en": "Tomorrow again."}},
    }
    await house.queue("customers", policy)
    opened = await open_page("/admin#queues", by=await service.account("admin"))
    await opened.get_by_role("button", name="Edit customers").click()
    await opened.get_by_test_id("step-0-skip").check()
    await opened.get_by_test_id("policy.steps.0.then-to").click()
    await opened.get_by_role("option", name="Another queue").click()
    await opened.get_by_test_id("add-overflow").click()
    await opened.get_by_test_id("save").click()
    await expect(opened.get_by_test_id("editor")).to_have_count(0)
    stored = await house.pool.fetchval("select policy from queue where slug = 'customers'")
    step = policy["steps"][0] | {"skip": True, "then": {"to": "queue", "queue": "experts"}}
    assert stored == policy | {
        "steps": [step],
        "overflow": [{"on": "wait", "most": 600, "then": {"to": "callback"}}],
    }
