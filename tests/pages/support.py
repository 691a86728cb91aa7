"""A desk and a customer's page side by side, as the scenarios of conversations need them."""

from __future__ import annotations

from uuid import UUID

from playwright.async_api import Page, WebSocketRoute, expect

from tests.pages.conftest import Opener
from tests.web.service import Service

# no calls: the desk asks for no microphone then
WRITES = {"voice": 0, "chat": 3, "video": 1}

# the video element, also within the widget's shadow tree, has shown more frames than at first
FRAMES = """
id => {
  const find = root => root.querySelector(`[data-testid="${id}"]`)
    ?? [...root.querySelectorAll("*")].map(e => e.shadowRoot && find(e.shadowRoot)).find(Boolean);
  const video = find(document);
  return video ? video.getVideoPlaybackQuality().totalVideoFrames : 0;
}
"""


async def open_desk(open_page: Opener, agent: UUID, *, width: int = 1440) -> Page:
    """The agent's desk, with its snapshot there."""
    desk = await open_page("/desk", by=agent, width=width)
    await expect(desk.get_by_test_id("link-state")).to_have_attribute("data-state", "live")
    return desk


async def open_widget(
    service: Service, open_page: Opener, *, width: int = 1440, query: str = ""
) -> Page:
    """The customer page with the widget's form open."""
    page = await open_page(f"/?language=en&widget={await service.widget()}{query}", width=width)
    await page.get_by_test_id("open-chat").click()
    await expect(page.get_by_test_id("widget-start-chat")).to_be_visible()
    return page


async def begin(page: Page, *, name: str = "Maria", message: str = "My line is down") -> None:
    """Sends the widget's form."""
    await page.get_by_test_id("widget-name").fill(name)
    await page.get_by_test_id("widget-message").fill(message)
    await page.get_by_test_id("widget-start-chat").click()
    await expect(page.get_by_test_id("widget-log")).to_contain_text(message)


async def accept(desk: Page) -> None:
    """Takes what rings."""
    await desk.get_by_test_id("accept").click()
    await expect(desk.get_by_test_id("handling")).to_be_visible()


async def say(page: Page, text: str, *, prefix: str = "") -> None:
    """Writes a message on the desk, or with the prefix `widget-` in the widget."""
    field = page.get_by_test_id(f"{prefix}composer")
    await field.fill(text)
    await field.press("Enter")


async def sees_frames(page: Page, testid: str, *, more: int = 5) -> None:
    """The browser decodes a moving picture. A page in the background draws none, so in front."""
    await page.bring_to_front()
    before = await page.evaluate(FRAMES, testid)
    await page.wait_for_function(
        f"([id, least]) => ({FRAMES})(id) >= least",
        arg=[testid, before + more],
        polling=100,
        timeout=15_000,
    )


class Cable:
    """The page's sockets run through it: it can be pulled out and put back."""

    def __init__(self) -> None:
        self._plugged = True
        self._routes: list[WebSocketRoute] = []

    @classmethod
    async def between(cls, page: Page, path: str) -> Cable:
        """Before the page opens its socket."""
        cable = cls()

        async def route(ws: WebSocketRoute) -> None:
            if cable._plugged:
                ws.connect_to_server()
                cable._routes.append(ws)
            else:
                await ws.close(code=1011)

        await page.context.route_web_socket(lambda url: url.endswith(path), route)
        return cable

    async def pull(self) -> None:
        self._plugged = False
        for route in self._routes:
            await route.close(code=1011)
        self._routes.clear()

    def plug(self) -> None:
        self._plugged = True
