"""Chat and video between the widget and the desk, in two real browsers on the whole service."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from router.identity.visitors import make_token
from tests.house import until
from tests.pages.conftest import Opener
from tests.pages.support import (
    WRITES,
    Cable,
    accept,
    begin,
    open_desk,
    open_widget,
    say,
    sees_frames,
)
from tests.web.service import Service

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def texts(page: Page, testid: str) -> list[str]:
    return await page.get_by_test_id(testid).locator("p").all_inner_texts()


async def only_contact(service: Service) -> Any:
    return await service.house.pool.fetchrow("select * from contact")


async def test_a_chat_goes_from_the_widget_to_a_rating_on_both_sides(
    service: Service, open_page: Opener
) -> None:
    agent = await service.house.agent("Ana", capacity=WRITES)
    desk = await open_desk(open_page, agent)
    page = await open_widget(service, open_page)
    await begin(page, name="Maria <i>S.</i>", message="Is <b>this</b> text?")

    offer = desk.get_by_test_id("offer")
    await expect(desk.get_by_test_id("offer-name")).to_have_text("Maria <i>S.</i>")
    await expect(offer).to_contain_text("Unknown · 0")
    await expect(desk.get_by_test_id("countdown")).to_contain_text("2")
    await accept(desk)
    await expect(offer).to_have_count(0)
    await expect(page.get_by_test_id("widget-status")).to_have_text("You are talking to Ana")

    await say(desk, "Yes, text it is")
    await expect(page.get_by_test_id("widget-log")).to_contain_text("Yes, text it is")
    await say(page, "Thank you", prefix="widget-")
    await expect(desk.get_by_test_id("thread")).to_contain_text("Thank you")
    said = ["Is <b>this</b> text?", "Yes, text it is", "Thank you"]
    assert await texts(page, "widget-entry") == await texts(desk, "message") == said

    await page.get_by_test_id("widget-end").click()
    await page.get_by_test_id("widget-end-confirm").click()
    # the circles are drawn on the labels: the radio buttons themselves are out of sight
    await page.locator("label[for=star-4]").click()
    await page.get_by_test_id("widget-rating-comment").fill("Kind")
    await page.get_by_test_id("widget-rating-send").click()
    await expect(page.get_by_test_id("widget-thanks")).to_be_visible()

    await expect(desk.get_by_test_id("wrapup")).to_be_visible()
    await expect(desk.get_by_test_id("wrapup-left")).to_contain_text("left")
    await desk.get_by_test_id("wrapup-done").click()
    await expect(desk.get_by_test_id("wrapup")).to_contain_text("Choose how it ended.")
    await desk.get_by_text("Resolved", exact=True).click()
    await desk.get_by_test_id("wrapup-note").fill("Told her")
    await desk.get_by_test_id("rate").locator("label").last.click()
    await desk.get_by_test_id("wrapup-done").click()
    await expect(desk.get_by_test_id("conversation")).to_have_count(0)

    handling: Any = await service.house.pool.fetchrow("select * from handling")
    assert (handling["outcome"], handling["note"]) == ("resolved", "Told her")
    ratings = await service.house.pool.fetch("select direction, stars, comment from rating")
    assert {tuple(row) for row in ratings} == {("of_agent", 4, "Kind"), ("of_person", 5, None)}


async def test_a_reload_on_either_side_loses_nothing(service: Service, open_page: Opener) -> None:
    agent = await service.house.agent("Ana", capacity=WRITES)
    desk = await open_desk(open_page, agent)
    page = await open_widget(service, open_page)
    await begin(page)
    await accept(desk)
    await say(desk, "One")
    await expect(page.get_by_test_id("widget-log")).to_contain_text("One")

    await desk.get_by_test_id("composer").fill("half a sentence")
    await desk.reload()
    await expect(desk.get_by_test_id("message")).to_have_count(2)
    await expect(desk.get_by_test_id("composer")).to_have_value("half a sentence")
    await desk.get_by_test_id("composer").press("Enter")

    await page.get_by_test_id("widget-composer").fill("half a question")
    await page.reload()
    await expect(page.get_by_test_id("widget-entry")).to_have_count(3)
    await expect(page.get_by_test_id("widget-composer")).to_have_value("half a question")
    expected = ["My line is down", "One", "half a sentence"]
    assert await texts(page, "widget-entry") == await texts(desk, "message") == expected


async def test_what_is_written_without_a_connection_arrives_once_and_in_order(
    service: Service, open_page: Opener
) -> None:
    agent = await service.house.agent("Ana", capacity=WRITES)
    desk = await open_desk(open_page, agent)
    page = await open_page("/login")
    cable = await Cable.between(page, "/ws/contact")
    await page.goto(f"{service.url}/?language=en&widget={await service.widget()}")
    await page.get_by_test_id("widget-launcher").click()
    await begin(page)
    await accept(desk)
    await say(page, "before", prefix="widget-")
    await expect(desk.get_by_test_id("thread")).to_contain_text("before")

    await cable.pull()
    await say(page, "during 1", prefix="widget-")
    await say(page, "during 2", prefix="widget-")
    await say(desk, "meanwhile")
    await expect(page.get_by_test_id("widget-entry-pending")).to_have_count(2)
    await expect(page.get_by_test_id("widget-reconnecting")).to_be_visible()

    cable.plug()
    await expect(page.get_by_test_id("widget-entry-pending")).to_have_count(0, timeout=20_000)
    await expect(page.get_by_test_id("widget-reconnecting")).to_be_hidden()
    expected = ["My line is down", "before", "meanwhile", "during 1", "during 2"]
    await expect(desk.get_by_test_id("message")).to_have_count(5)
    assert await texts(page, "widget-entry") == await texts(desk, "message") == expected


async def test_the_desk_says_when_it_is_stale_and_catches_up(
    service: Service, open_page: Opener
) -> None:
    agent = await service.house.agent("Ana", capacity=WRITES)
    desk = await open_page("/login")
    cable = await Cable.between(desk, "/ws/desk")
    name, token = (await service.sign_in(agent))["Cookie"].split("=", 1)
    await desk.context.add_cookies([{"name": name, "value": token, "url": service.url}])
    await desk.goto(f"{service.url}/desk")
    page = await open_widget(service, open_page)
    await begin(page)
    await accept(desk)

    await cable.pull()
    await expect(desk.get_by_test_id("stale-banner")).to_be_visible()
    await expect(desk.get_by_test_id("presence")).to_be_disabled()
    await say(desk, "from the desk, cut off")
    await say(page, "are you there?", prefix="widget-")

    cable.plug()
    await expect(desk.get_by_test_id("link-state")).to_have_attribute(
        "data-state", "live", timeout=20_000
    )
    await expect(desk.get_by_test_id("stale-banner")).to_have_count(0)
    expected = ["My line is down", "are you there?", "from the desk, cut off"]
    await expect(desk.get_by_test_id("message-pending")).to_have_count(0)
    assert await texts(desk, "message") == expected
    await expect(page.get_by_test_id("widget-entry")).to_have_count(3)


async def test_a_chat_becomes_a_video_in_which_both_sides_decode_frames(
    service: Service, open_page: Opener
) -> None:
    agent = await service.house.agent("Ana", capacity=WRITES)
    desk = await open_desk(open_page, agent)
    page = await open_widget(service, open_page)
    await begin(page)
    await accept(desk)
    await page.get_by_test_id("widget-video-ask").click()
    await desk.get_by_test_id("video-asked").get_by_test_id("video-start").click()
    await sees_frames(page, "widget-video-remote")
    await sees_frames(desk, "video-remote")

    # either side may come back in the middle
    await page.reload()
    await sees_frames(page, "widget-video-remote")
    await desk.reload()
    await sees_frames(desk, "video-remote")
    await sees_frames(page, "widget-video-remote")

    await desk.get_by_test_id("video-stop").click()
    await expect(page.get_by_test_id("widget-video")).to_be_hidden()
    await expect(desk.get_by_test_id("video")).to_have_count(0)
    await say(desk, "still here")
    await expect(page.get_by_test_id("widget-log")).to_contain_text("still here")


async def test_an_invitation_to_video_starts_no_camera_before_the_person_joins(
    service: Service, open_page: Opener
) -> None:
    agent = await service.house.agent("Ana", capacity=WRITES)
    desk = await open_desk(open_page, agent)
    page = await open_widget(service, open_page)
    await begin(page)
    await accept(desk)
    await desk.get_by_test_id("video-start").click()
    await expect(desk.get_by_test_id("video")).to_have_attribute("data-phase", "waiting")
    await expect(page.get_by_test_id("widget-video-invite")).to_contain_text("Ana")
    await expect(page.get_by_test_id("widget-video")).to_be_hidden()
    await page.get_by_test_id("widget-video-join").click()
    await sees_frames(page, "widget-video-remote")
    await sees_frames(desk, "video-remote")


async def test_a_contact_that_begins_as_video_shows_both_at_the_accept(
    service: Service, open_page: Opener
) -> None:
    agent = await service.house.agent("Ana", capacity=WRITES)
    desk = await open_desk(open_page, agent)
    page = await open_widget(service, open_page)
    await page.get_by_test_id("widget-start-video").click()
    await expect(page.get_by_test_id("widget-status")).to_contain_text("Your camera starts")
    await expect(desk.get_by_test_id("offer")).to_have_attribute("data-channel", "video")
    await accept(desk)
    await sees_frames(page, "widget-video-remote")
    await sees_frames(desk, "video-remote")


async def test_an_offer_does_not_take_the_keys_from_somebody_who_writes(
    service: Service, open_page: Opener
) -> None:
    agent = await service.house.agent("Ana", capacity=WRITES)
    desk = await open_desk(open_page, agent)
    first = await open_widget(service, open_page)
    await begin(first, name="First")
    # nobody writes: one letter accepts, once the card has been there for a moment
    await expect(desk.get_by_test_id("accept")).to_be_focused()
    await desk.keyboard.press("a")
    composer = desk.get_by_test_id("composer")
    await expect(composer).to_be_focused()

    second = await open_widget(service, open_page)
    await composer.press_sequentially("I add")
    await begin(second, name="Second")
    await expect(desk.get_by_test_id("offer")).to_be_visible()
    await composer.press_sequentially(" a and d", delay=60)
    # longer than the card waits before it takes the focus from nobody
    await asyncio.sleep(0.8)
    await expect(composer).to_be_focused()
    await expect(composer).to_have_value("I add a and d")
    await expect(desk.get_by_test_id("offer")).to_be_visible()
    await desk.keyboard.press("Alt+a")
    await expect(desk.get_by_test_id("conversation")).to_have_count(2)
    # the draft stayed with the first
    await desk.get_by_test_id("conversation").first.click()
    await expect(composer).to_have_value("I add a and d")


async def test_unread_messages_are_counted_where_the_agent_does_not_look(
    service: Service, open_page: Opener
) -> None:
    agent = await service.house.agent("Ana", capacity=WRITES)
    desk = await open_desk(open_page, agent)
    pages = []
    for name in ("First", "Second"):
        page = await open_widget(service, open_page)
        await begin(page, name=name)
        await accept(desk)
        await expect(desk.get_by_test_id("offer")).to_have_count(0)
        pages.append(page)
    await expect(desk.get_by_test_id("conversation")).to_have_count(2)
    rows = desk.get_by_test_id("conversation")
    await say(pages[0], "hello?", prefix="widget-")
    await say(pages[0], "anybody?", prefix="widget-")
    await expect(rows.first).to_have_attribute("data-unread", "2")
    await expect(desk).to_have_title("(2) Agent desk · Secondline")
    await expect(rows.first.get_by_test_id("waits")).to_be_visible()
    await rows.first.click()
    await expect(rows.first).to_have_attribute("data-unread", "0")
    await expect(desk).to_have_title("Agent desk · Secondline")


async def test_a_missed_offer_makes_the_agent_not_ready_and_says_so(
    service: Service, open_page: Opener
) -> None:
    await service.house.queue(
        "customers", {"steps": [{"tiers": [1], "seconds": 60}], "offer_seconds": {"chat": 5}}
    )
    agent = await service.house.agent("Ana", capacity=WRITES)
    desk = await open_desk(open_page, agent)
    page = await open_widget(service, open_page)
    await begin(page)
    await expect(desk.get_by_test_id("offer")).to_be_visible()
    await expect(desk.get_by_text("You missed an offer")).to_be_visible(timeout=12_000)
    await expect(desk.get_by_test_id("offer")).to_have_count(0)
    await expect(desk.get_by_test_id("presence")).to_have_attribute("data-state", "break")
    await expect(page.get_by_test_id("widget-status")).to_contain_text("You are next")


async def test_a_freelancer_escalates_with_what_was_asked_and_tried(
    service: Service, open_page: Opener
) -> None:
    freelancer = await service.house.agent("Ana", capacity=WRITES)
    house = await service.house.agent("Bo", tier=2, capacity=WRITES)
    desk = await open_desk(open_page, freelancer)
    second = await open_desk(open_page, house)
    page = await open_widget(service, open_page)
    await begin(page)
    await accept(desk)
    await desk.get_by_test_id("escalate").click()
    await desk.get_by_test_id("escalate-asked").fill("Why it restarts at night")
    await desk.get_by_test_id("escalate-send").click()
    await expect(desk.get_by_text("Choose a reason.")).to_be_visible()
    await expect(desk.get_by_text("Say what was tried, or that nothing was.")).to_be_visible()
    await desk.get_by_test_id("escalate-reason").click()
    await desk.get_by_role("option", name="Needs deeper knowledge").click()
    await desk.get_by_test_id("escalate-tried").fill("Another power supply")
    await desk.get_by_test_id("escalate-send").click()
    await expect(desk.get_by_test_id("wrapup")).to_contain_text("Escalated")

    offer = second.get_by_test_id("offer")
    await expect(offer.get_by_test_id("hand-over")).to_contain_text("Why it restarts at night")
    await expect(offer.get_by_test_id("hand-over")).to_contain_text("Another power supply")
    await accept(second)
    await expect(second.get_by_test_id("message")).to_have_count(1)
    await expect(page.get_by_test_id("widget-status")).to_have_text("You are talking to Bo")
    # what staff tell each other stays with staff
    assert "Another power supply" not in await page.content()
    await expect(page.get_by_test_id("widget-log")).not_to_contain_text("Another power supply")
    assert await second.get_by_test_id("escalate").count() == 0


async def test_a_signed_in_expert_is_known_by_the_host_sites_word(
    service: Service, open_page: Opener
) -> None:
    agent = await service.house.agent("Bo", tier=2, capacity=WRITES)
    desk = await open_desk(open_page, agent)
    token = await expert_token(service, "Jonas Weber")
    page = await open_widget(service, open_page, query=f"&token={token}")
    await expect(page.get_by_test_id("signed-in")).to_contain_text("Jonas Weber")
    await expect(page.get_by_test_id("widget-name")).to_have_count(0)
    await page.get_by_test_id("widget-start-chat").click()
    offer = desk.get_by_test_id("offer")
    await expect(desk.get_by_test_id("offer-name")).to_have_text("Jonas Weber")
    await expect(offer).to_contain_text("Expert")
    await expect(offer).to_contain_text("Signed in · 3")
    await expect(offer).to_contain_text("looks after 124 customers")


async def expert_token(service: Service, name: str) -> str:
    pool, ws = service.house.pool, service.house.workspace
    person: UUID = await service.house.person(name, network_size=124)
    number = await pool.fetchval("select number from expert where person_id = $1", person)
    secret = await pool.fetchval("select token_secret from workspace where id = $1", ws)
    return make_token(secret, "j1", name=name, expert_number=number)


async def test_a_silent_person_is_warned_and_then_the_chat_ends(
    service: Service, open_page: Opener
) -> None:
    await service.house.queue(
        "customers",
        {
            "steps": [{"tiers": [1], "seconds": 60}],
            "chat": {"warn_seconds": 5, "end_seconds": 10, "vanished_seconds": 60},
        },
    )
    agent = await service.house.agent("Ana", capacity=WRITES)
    desk = await open_desk(open_page, agent)
    page = await open_widget(service, open_page)
    await begin(page)
    await accept(desk)
    await say(desk, "Does it blink?")
    await expect(page.get_by_test_id("widget-warned")).to_be_visible(timeout=20_000)
    await expect(page.get_by_test_id("widget-over")).to_be_visible(timeout=20_000)
    await expect(desk.get_by_test_id("wrapup")).to_be_visible()


async def test_the_widget_fills_a_phone_and_gives_the_focus_back(
    service: Service, open_page: Opener
) -> None:
    page = await open_widget(service, open_page, width=390)
    whole = {"x": 0, "y": 0, "width": 390, "height": 900}

    async def fills() -> bool:
        return await page.get_by_test_id("widget-panel").bounding_box() == whole

    await until(fills, "the panel fills the screen, once it has risen")
    await expect(page.get_by_test_id("widget-name")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Shift+Tab")
    # round and round: nothing behind it can be reached
    await expect(page.get_by_test_id("widget-start-video")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("widget-panel")).to_be_hidden()
    await expect(page.get_by_test_id("widget-launcher")).to_be_focused()


async def test_the_end_on_the_desk_asks_first_and_reaches_the_widget(
    service: Service, open_page: Opener
) -> None:
    agent = await service.house.agent("Ana", capacity=WRITES)
    desk = await open_desk(open_page, agent, width=390)
    page = await open_widget(service, open_page)
    await begin(page)
    await accept(desk)
    await desk.get_by_test_id("end").click()
    assert (await only_contact(service))["state"] == "handling"
    await desk.get_by_test_id("end-confirm").click()
    await expect(page.get_by_test_id("widget-over")).to_contain_text("The conversation has ended.")
    await expect(desk.get_by_test_id("wrapup")).to_be_visible()

    async def ended() -> bool:
        return bool((await only_contact(service))["state"] == "ended")

    await until(ended, "the contact ends")
    await page.get_by_test_id("widget-new").click()
    await expect(page.get_by_test_id("widget-start-chat")).to_be_visible()


async def test_a_token_that_is_not_believed_leaves_the_way_of_a_guest(
    service: Service, open_page: Opener
) -> None:
    page = await open_widget(service, open_page, query="&token=worn.out.word")
    await expect(page.get_by_test_id("widget-name")).to_have_count(0)
    await page.get_by_test_id("widget-start-chat").click()
    await expect(page.get_by_test_id("widget-trouble")).to_contain_text("go on as a guest")
    await begin(page)
    contact = await only_contact(service)
    assert (contact["role"], contact["assurance"]) == ("customer", 0)
