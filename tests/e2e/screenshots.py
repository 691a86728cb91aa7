"""`make screenshots`: every page as people see it, wide and narrow, light and dark.

A demo with traffic runs in a folder of its own. All pictures go to docs/images/all/, which git
ignores; those of the README go to docs/images/.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp.test_utils import unused_port
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page, async_playwright, expect

from router.demo import cast
from tests.e2e.actors import Desk, carried
from tests.e2e.stage import Stage
from tests.house import until

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
README = {("supervisor", "wide", "light"), ("desk-chat", "wide", "light")}
LIFE_S = 75.0
"""So long the traffic plays before the first picture."""


async def main() -> None:
    shutil.rmtree(IMAGES / "all", ignore_errors=True)
    (IMAGES / "all").mkdir(parents=True)
    async with demo() as url, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
            ],
        )
        stage = Stage(browser, url)
        try:
            await pictures(stage)
        finally:
            await stage.close()
            await browser.close()
    print(*stage.faults, sep="\n")


@asynccontextmanager
async def demo() -> AsyncIterator[str]:
    """A demo with traffic; its address."""
    port = unused_port()
    with tempfile.TemporaryDirectory(prefix="sl-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)  # PostgreSQL's account has to reach its data
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "router", "demo", "--traffic", "--data", f"{folder}/data"),
            env={**os.environ, "PORT": str(port)},
            stdout=subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            while line := await process.stdout.readline():
                if line.startswith(b"Ctrl-C"):
                    break
            yield f"http://localhost:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            await process.communicate()


async def shoot(page: Page, name: str) -> None:
    """One scene in all sizes and colours."""
    before = page.viewport_size
    for size, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        for colours in ("light", "dark"):
            await page.emulate_media(color_scheme=colours)
            await page.wait_for_timeout(350)
            await page.screenshot(path=IMAGES / "all" / f"{name}-{size}-{colours}.png")
            if (name, size, colours) in README:
                await page.screenshot(path=IMAGES / f"{name}.jpg", type="jpeg", quality=82)
    await page.emulate_media(color_scheme="light")
    if before is not None:
        await page.set_viewport_size(before)


async def pictures(stage: Stage) -> None:
    """The scenes, one after another."""
    await shoot(await stage.page("/login"), "login")
    customer = await stage.page("/?language=en")
    await shoot(customer, "customer")
    await asyncio.sleep(LIFE_S)
    floor = await stage.page("/supervisor", "supervisor")
    await expect(floor.get_by_test_id("floor")).to_be_visible()
    await floor.wait_for_timeout(1500)
    await shoot(floor, "supervisor")
    await floor.get_by_test_id("contact-open").first.click()
    await shoot(floor, "supervisor-contact")
    await floor.close()
    hanna = await desk_scenes(stage)
    await phone_scenes(stage, hanna)
    admin = await stage.page("/admin", "admin")
    for tab in ("people", "agents", "experts", "entry-points", "queues"):
        await admin.get_by_test_id(f"tab-{tab}").click()
        await admin.wait_for_timeout(500)
        await shoot(admin, f"admin-{tab}")
    await admin.get_by_test_id("edit-queue").first.click()
    await admin.get_by_test_id("save").wait_for()
    await shoot(admin, "admin-queue")


async def house(stage: Stage, presence: str) -> None:
    """Send the simulated second level away, so that experts come to our desk; or back."""
    context = await stage.context("supervisor")
    for agent in (await (await context.request.get(f"{stage.url}/api/floor")).json())["agents"]:
        if agent["tier"] == 2 and "Weiss" not in agent["name"]:
            await context.request.post(
                f"{stage.url}/api/agents/{agent['id']}/presence",
                data={"presence": presence, "reason": "training"},
                headers={"Origin": stage.url},
            )


async def rung(desk: Desk, name: str) -> Locator:
    """The offer of this person; others are declined, for the traffic goes on meanwhile."""
    ring = desk.page.get_by_test_id("offer").filter(has_text=name)
    other = desk.page.get_by_test_id("offer").filter(has_not_text=name)

    async def there() -> bool:
        if await desk.page.get_by_test_id("go-available").is_visible():
            await desk.page.get_by_test_id("go-available").click()
        if await other.is_visible():
            with contextlib.suppress(PlaywrightError):
                await other.get_by_test_id("decline").click(timeout=500)
        return await ring.is_visible()

    await until(there, f"{name} rings", 60)
    return ring


async def desk_scenes(stage: Stage) -> Desk:
    """An expert's chat from ringing to wrap-up, with the customer's side of it."""
    page = await stage.page("/desk", "hanna")
    desk = Desk(page)
    await page.wait_for_timeout(500)
    await shoot(page, "desk-offline")
    await page.get_by_test_id("go-available").click()
    await page.wait_for_timeout(1500)
    await shoot(page, "desk-microphone")
    await page.get_by_test_id("microphone-go").click()

    await house(stage, "break")
    nadia = await stage.visitor(f"?language=en&token={await stage.token(cast.EXPERTS[0].name)}")
    await shoot(nadia.page, "widget-form")
    await nadia.ask("Three of my customers lost their line at the same minute.", topic="internet")
    await shoot(nadia.page, "widget-waiting")
    ring = await rung(desk, cast.EXPERTS[0].name)
    await shoot(page, "desk-ringing")
    await ring.get_by_test_id("accept").click()
    await house(stage, "available")
    await desk.say("Good morning, Nadia. All three in the same street?")
    await expect(nadia.entries).to_have_count(2)
    await nadia.say("Yes, Lindenweg 4, 6 and 9. The lights on the routers are red.")
    await expect(desk.messages).to_have_count(3)
    await desk.say(
        "I see it: a distributor is without power. Somebody is on the way, about 40 min."
    )
    await expect(nadia.entries).to_have_count(4)
    await nadia.say("Perfect, I will tell them.")
    await expect(desk.messages).to_have_count(5)
    await shoot(page, "desk-chat")
    await shoot(nadia.page, "widget-chat")
    await nadia.page.get_by_test_id("widget-video-ask").click()
    await page.get_by_test_id("video-asked").wait_for()
    await shoot(page, "desk-video-asked")
    await page.get_by_test_id("video-start").click()
    await carried(page, "frames", more_than=20)
    await carried(nadia.page, "frames", more_than=20)
    await shoot(page, "desk-video")
    await shoot(nadia.page, "widget-video")
    await page.get_by_test_id("video-stop").click()
    await desk.end()
    await page.get_by_test_id("wrapup").wait_for()
    await shoot(page, "desk-wrapup")
    await shoot(nadia.page, "widget-rating")
    await desk.wrap_up(stars=5)
    return desk


async def phone_scenes(stage: Stage, desk: Desk) -> None:
    """A call from the booth to the desk."""
    expert = cast.EXPERTS[0]
    booth = await stage.booth(expert.phones[0], cast.LINES[0].address)
    await shoot(booth.page, "booth")
    await house(stage, "break")
    await booth.dial()
    await booth.hears("Router", 30)
    await booth.press("2")
    ring = await rung(desk, expert.name)
    await shoot(desk.page, "desk-phone-ringing")
    await shoot(booth.page, "booth-waiting")
    heard = (await desk.page.evaluate("carried()"))["heard"]
    await ring.get_by_test_id("accept").click()
    await house(stage, "available")
    await carried(desk.page, "heard", more_than=heard + 20)
    await shoot(desk.page, "desk-phone")
    await shoot(booth.page, "booth-talking")
    await desk.end()
    await booth.hears("1 bis 5", 30)
    await booth.press("5")


if __name__ == "__main__":
    asyncio.run(main())
