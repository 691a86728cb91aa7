"""The phone booth's page on the real stand-in, with a small line of TwiML behind it."""

from __future__ import annotations

import re
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import unused_port
from playwright.async_api import expect

from router.settings import Settings
from router.standin import MOUNT, STANDIN, Config, Number, make_standin
from router.standin.config import Caller
from router.web import pages
from router.web.keys import SETTINGS

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOTLINE = "+4930111222"
EXPERT = "+491701110001"
CUSTOMER = "+491702220002"
AGENT = "+491703330003"

_GREETING = """<Response><Gather numDigits="4" finishOnKey="#" timeout="60" action="{0}/keys">
<Say language="de-DE">Bitte geben Sie Ihre Expertennummer ein.</Say></Gather></Response>"""
_ROOM = '<Response><Dial><Conference waitUrl="">room</Conference></Dial></Response>'
_MAILBOX = """<Response><Say>Leave a message.</Say>
<Record maxLength="30" timeout="20" action="{0}/bye"/></Response>"""


class Exchange:
    """The booth's page, the stand-in and a hotline on one port."""

    def __init__(self) -> None:
        self.url = f"http://localhost:{unused_port()}"
        self.asked: dict[str, dict[str, str]] = {}
        self.answers = {
            "/hello": _GREETING,
            "/keys": "<Response><Say>Welcome, Ana.</Say><Pause length='60'/></Response>",
            "/room": _ROOM,
            "/mailbox": _MAILBOX,
            "/bye": "<Response><Say>Goodbye.</Say></Response>",
            "/whisper": '<Response><Gather numDigits="1" timeout="60" action="{0}/pressed">'
            "<Say>A call for you. Press 1.</Say></Gather></Response>",
            "/pressed": "<Response><Say>Thank you.</Say><Pause length='60'/></Response>",
        }
        self.app = web.Application()
        self.app[SETTINGS] = Settings(
            host="127.0.0.1",
            port=int(self.url.rsplit(":", 1)[1]),
            public_url=self.url,
            secret_key="k" * 40,
            data=Path("unused"),
            demo=True,
        )
        pages.add_pages(self.app)
        for path in self.answers:
            self.app.router.add_post(path, self._twiml)
        config = Config(
            numbers={HOTLINE: Number(self.url + "/hello", label="Hotline")},
            callers=(
                Caller(EXPERT, "Ana, an expert"),
                Caller(CUSTOMER, "Jonas, a customer"),
                Caller("anonymous", "Withheld"),
            ),
            booth=True,
            speed=20,
            # words last: what is said can be seen while keys are awaited
            seconds_per_character=0.02,
        )
        standin = make_standin(config)
        self.app.add_subapp(MOUNT, standin)
        self.standin = standin[STANDIN]

    async def _twiml(self, request: web.Request) -> web.Response:
        self.asked[request.path] = {k: str(v) for k, v in (await request.post()).items()}
        answer = self.answers[request.path].replace("{0}", self.url)
        return web.Response(text=answer, content_type="text/xml")

    async def call_out(self, to: str) -> None:
        """The service calls somebody, as for a callback or an agent's phone."""
        config = self.standin.config
        sid, token = config.account_sid, config.auth_token
        headers = {"Authorization": aiohttp.encode_basic_auth(sid, token)}
        address = f"{self.url}{MOUNT}/2010-04-01/Accounts/{sid}/Calls.json"
        data = {"To": to, "From": HOTLINE, "Url": self.url + "/whisper", "Timeout": "40"}
        async with (
            aiohttp.ClientSession() as http,
            http.post(address, data=data, headers=headers) as answer,
        ):
            assert answer.status == 201, await answer.text()


@pytest_asyncio.fixture(loop_scope="session")
async def exchange():
    made = Exchange()
    runner = web.AppRunner(made.app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(made.url.rsplit(":", 1)[1])).start()
    yield made
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def booth(exchange, browser):
    context = await browser.new_context(permissions=["microphone"], locale="en-GB")
    page = await context.new_page()
    page.set_default_timeout(8000)
    await page.goto(exchange.url + "/booth")
    await expect(page.get_by_test_id("booth-status")).to_have_attribute("data-phase", "idle")
    return page


def _phase(page, phase):
    return expect(page.get_by_test_id("booth-status")).to_have_attribute("data-phase", phase)


async def test_a_call_is_placed_heard_answered_by_keys_and_hung_up(booth, exchange):
    await booth.get_by_test_id("booth-dial").click()
    await _phase(booth, "talking")
    said = booth.get_by_test_id("line-heard").first
    await expect(said).to_contain_text("Bitte geben Sie Ihre Expertennummer ein.")
    await expect(said.locator("[lang='de-DE']")).to_have_count(1)
    await expect(booth.get_by_test_id("transcript")).to_have_attribute("role", "log")
    await expect(booth.get_by_test_id("booth-gather")).to_be_visible()
    # the keyboard's digits and the keypad's are the same keys
    await booth.keyboard.press("4")
    await booth.keyboard.press("7")
    await booth.get_by_test_id("key-1").click()
    await booth.get_by_test_id("key-2").click()
    await expect(booth.get_by_test_id("transcript")).to_contain_text("Welcome, Ana.")
    await expect(booth.get_by_test_id("line-mine")).to_have_text(re.compile("You press 4 7 1 2"))
    assert exchange.asked["/keys"]["Digits"] == "4712"
    assert exchange.asked["/hello"]["From"] == EXPERT
    await booth.get_by_test_id("booth-hang-up").click()
    await _phase(booth, "idle")


async def test_a_withheld_number_is_one_to_choose(booth, exchange):
    await booth.get_by_test_id("booth-from").click()
    await booth.get_by_role("option", name="Withheld").click()
    await booth.get_by_test_id("booth-dial").click()
    await _phase(booth, "talking")
    assert exchange.asked["/hello"]["From"] in ("anonymous", "+266696687")


async def test_a_number_nobody_has_is_said_and_the_set_is_free_again(booth):
    await booth.get_by_test_id("booth-to").click()
    await booth.get_by_role("option", name="Another number").click()
    await booth.get_by_test_id("booth-other-to").fill("+49 30 999")
    await booth.get_by_test_id("booth-dial").click()
    await expect(booth.get_by_test_id("line-fault")).to_be_visible()
    await _phase(booth, "idle")


async def test_a_message_is_left_after_the_beep(booth, exchange):
    exchange.answers["/hello"] = _MAILBOX
    await booth.get_by_test_id("booth-dial").click()
    await booth.get_by_test_id("booth-say").fill("Please call me back")
    await booth.keyboard.press("Enter")
    await booth.keyboard.press("Tab")
    await expect(booth.get_by_test_id("transcript")).to_contain_text("Beep.")
    await booth.get_by_test_id("key-#").click()
    await expect(booth.get_by_test_id("transcript")).to_contain_text("Goodbye.")
    assert int(exchange.asked["/bye"]["RecordingDuration"]) > 0


async def test_the_set_rings_for_the_number_it_calls_from_and_takes_a_callback(booth, exchange):
    await exchange.call_out(EXPERT)
    await _phase(booth, "ringing-here")
    await expect(booth.get_by_test_id("booth-status")).to_contain_text(HOTLINE)
    await booth.get_by_test_id("booth-answer").click()
    await _phase(booth, "talking")
    await expect(booth.get_by_test_id("transcript")).to_contain_text("Press 1.")
    await booth.keyboard.press("1")
    await expect(booth.get_by_test_id("transcript")).to_contain_text("Thank you.")
    assert exchange.asked["/pressed"]["Digits"] == "1"


async def test_a_call_to_an_agents_phone_can_be_refused_and_the_set_rings_again(booth, exchange):
    also = booth.get_by_test_id("booth-also")
    await also.fill(AGENT)
    await also.press("Enter")
    for _ in range(2):
        await exchange.call_out(AGENT)
        await _phase(booth, "ringing-here")
        await booth.get_by_test_id("booth-refuse").click()
        await _phase(booth, "idle")


async def test_two_sets_in_one_room_hear_each_other(booth, exchange, browser):
    exchange.answers["/hello"] = _ROOM
    context = await browser.new_context(permissions=["microphone"])
    other = await context.new_page()
    await other.goto(exchange.url + "/booth")
    await other.get_by_test_id("booth-from").click()
    await other.get_by_role("option", name="Jonas").click()
    for page in (booth, other):
        await page.get_by_test_id("booth-dial").click()
    for page in (booth, other):
        await expect(page.get_by_test_id("booth-status")).to_have_text("Talking", timeout=15_000)
    await other.get_by_test_id("booth-hang-up").click()
    await expect(booth.get_by_test_id("booth-status")).not_to_have_text("Talking")


async def test_there_is_no_booth_outside_of_the_demo(service):
    status, _ = await service.call("GET", "/booth")
    assert status == 404
