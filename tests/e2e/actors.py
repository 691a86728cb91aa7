"""People at their pages: what they click, type and read, by the pages' marks for tests."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page, WebSocketRoute, expect

from tests.house import until

PATIENCE_MS = 8000


class Wire:
    """What a page's sockets run through: it can be cut, and it can lose what comes back.

    mute: what the page says arrives, but no answer comes.
    """

    def __init__(self) -> None:
        self.mute = False
        self._cut = False
        self._open: list[WebSocketRoute] = []

    async def lay(self, page: Page) -> None:
        """Before the page opens its socket."""
        await page.route_web_socket(re.compile("/ws/"), self._joined)

    async def cut(self) -> None:
        """Every socket drops, and none opens."""
        self._cut = True
        for socket in self._open:
            await socket.close(code=1001)
        self._open.clear()

    def mend(self) -> None:
        """Sockets open again."""
        self._cut = self.mute = False

    async def _joined(self, socket: WebSocketRoute) -> None:
        if self._cut:
            await socket.close(code=1001)
            return
        server = socket.connect_to_server()

        def back(message: str | bytes) -> None:
            if not self.mute:
                socket.send(message)

        server.on_message(back)
        self._open.append(socket)


class Desk:
    """An agent at the desk."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.offer = page.get_by_test_id("offer")
        self.handling = page.get_by_test_id("handling")
        self.messages = page.get_by_test_id("message")
        self.waits = page.get_by_test_id("waits")

    async def go_available(self, *, voice: bool = True) -> None:
        """voice: who takes calls is asked to try the microphone."""
        await self.page.get_by_test_id("go-available").click()
        if voice:
            await self.page.get_by_test_id("microphone-go").click()
        await expect(self.page.get_by_test_id("presence")).to_have_attribute(
            "data-state", "available", timeout=PATIENCE_MS
        )

    async def accept(self) -> None:
        """Take what rings."""
        await self.page.get_by_test_id("accept").first.click(timeout=PATIENCE_MS)
        await expect(self.handling).to_be_visible(timeout=PATIENCE_MS)

    async def say(self, text: str) -> None:
        await self.page.get_by_test_id("composer").fill(text)
        await self.page.get_by_test_id("send").click()

    async def end(self) -> None:
        await self.page.get_by_test_id("end").click()
        await self.page.get_by_test_id("end-confirm").click()

    async def wrap_up(self, *, outcome: str = "resolved", stars: int | None = None) -> None:
        await self.page.get_by_test_id("wrapup").wait_for(timeout=PATIENCE_MS)
        await self.page.get_by_test_id(f"outcome-{outcome}").locator("..").click()
        if stars is not None:
            # the radio buttons lie hidden under the stars
            await self.page.get_by_test_id("rate").get_by_label(f"{stars} of 5").press(" ")
        await self.page.get_by_test_id("wrapup-done").click()
        await expect(self.handling).to_have_count(0, timeout=PATIENCE_MS)

    async def escalate(self, *, asked: str, tried: str) -> None:
        await self.page.get_by_test_id("escalate").click()
        await self.page.get_by_test_id("escalate-reason").click()
        await self.page.get_by_role("option", name="Needs deeper knowledge").click()
        await self.page.get_by_test_id("escalate-asked").fill(asked)
        await self.page.get_by_test_id("escalate-tried").fill(tried)
        await self.page.get_by_test_id("escalate-send").click()

    async def said(self) -> list[str]:
        """The conversation as this page shows it."""
        return await self.messages.locator("p").all_inner_texts()


class Widget:
    """A customer at a page with the widget."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.panel = page.get_by_test_id("widget-panel")
        self.entries = page.get_by_test_id("widget-entry")
        self.status = page.get_by_test_id("widget-status")

    async def open(self) -> None:
        await self.page.get_by_test_id("widget-launcher").click()
        await expect(self.panel).to_be_visible()

    async def ask(
        self,
        text: str,
        *,
        name: str | None = None,
        topic: str | None = None,
        channel: str = "chat",
    ) -> None:
        """Fill in the form, and start."""
        if name is not None:
            await self.page.get_by_test_id("widget-name").fill(name)
        if topic is not None:
            await self.page.get_by_test_id("widget-topic").select_option(topic)
        await self.page.get_by_test_id("widget-message").fill(text)
        await self.page.get_by_test_id(f"widget-start-{channel}").click()
        await expect(self.status).to_be_attached(timeout=PATIENCE_MS)

    async def say(self, text: str) -> None:
        await self.page.get_by_test_id("widget-composer").fill(text)
        await self.page.get_by_test_id("widget-send").click()

    async def place(self) -> int:
        """The place in line as the page says it."""
        await expect(self.status).to_have_attribute(
            "data-position", re.compile(r"\d+"), timeout=PATIENCE_MS
        )
        return int(await self.status.get_attribute("data-position") or 0)

    async def end(self) -> None:
        await self.page.get_by_test_id("widget-end").click()
        await self.page.get_by_test_id("widget-end-confirm").click()

    async def rate(self, stars: int, comment: str = "") -> None:
        await self.page.get_by_test_id(f"widget-star-{stars}").press(" ")
        if comment:
            await self.page.get_by_test_id("widget-rating-comment").fill(comment)
        await self.page.get_by_test_id("widget-rating-send").click()
        await expect(self.page.get_by_test_id("widget-thanks")).to_be_visible()

    async def said(self) -> list[str]:
        """The conversation as this page shows it."""
        return await self.entries.locator("p").all_inner_texts()


class Booth:
    """Somebody at the phone booth."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.transcript = page.get_by_test_id("transcript")

    async def dial(self) -> None:
        await self.page.get_by_test_id("booth-dial").click()

    async def hears(self, text: str, seconds: float = 20) -> None:
        line = self.page.get_by_test_id("line-heard").filter(has_text=text)
        await expect(line.first).to_be_visible(timeout=seconds * 1000)

    async def press(self, keys: str) -> None:
        for key in keys:
            await self.page.get_by_test_id(f"key-{key}").click()

    async def hang_up(self) -> None:
        await self.page.get_by_test_id("booth-hang-up").click()


async def carried(page: Page, what: str, more_than: int = 0, seconds: float = 20) -> int:
    """Wait until the page's connections carried more: frames decoded, packets heard or spoken."""

    async def enough() -> int:
        sum_: dict[str, int] = await page.evaluate("carried()")
        return sum_[what] if sum_[what] > more_than else 0

    found: int = await until(enough, f"{what} on {page.url}", seconds)
    return found


async def plays(video: Locator, seconds: float = 20) -> None:
    """Wait until this picture has a size and moves."""
    script = "v => v.videoWidth > 0 && v.currentTime > 0 && !v.paused"
    await until(lambda: video.evaluate(script), "the picture moves", seconds)
