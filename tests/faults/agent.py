"""An agent at a desk: a socket that comes back, and habits."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp

from tests.faults.history import History, Operation
from tests.house import until

BACK_S = 0.3


@dataclass
class Habits:
    """What an agent does. Shares of the offers that they decline and ignore; the rest they take.

    holds_s: how long a conversation lasts. hands_off: only what a test asks for.
    """

    declines: float = 0.0
    ignores: float = 0.0
    thinks_s: tuple[float, float] = (0.0, 0.05)
    holds_s: tuple[float, float] = (0.05, 0.3)
    hands_off: bool = False


HANDS_OFF = Habits(hands_off=True)


class Agent:
    """frames: all that came, of all sockets in turn. codes, hints: what sockets were closed
    with."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        address: str,
        account: UUID,
        cookie: str,
        history: History,
        habits: Habits,
        chance: random.Random,
    ) -> None:
        self.id = str(account)
        self.account, self.cookie, self.address = account, cookie, address
        self.habits = habits
        self.frames: list[dict[str, Any]] = []
        self.codes: list[int | None] = []
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.snapshot: dict[str, Any] | None = None
        self.presence = "offline"
        self.opened = 0
        self.hints: list[str] = []
        self._wants = False
        self._staying_away = False
        self._http, self._history, self._chance = http, history, chance
        self._ids = itertools.count(1)
        self._asked: dict[str, tuple[Operation, asyncio.Future[dict[str, Any]]]] = {}
        self._seen: set[str] = set()
        self._holds: set[str] = set()
        self._sitting: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def sit_down(self) -> None:
        self._sitting = asyncio.create_task(self._sit())

    async def leave(self) -> None:
        """Close everything; what was asked stays unanswered."""
        tasks = [*self._tasks, *([self._sitting] if self._sitting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.socket is not None:
            await self.socket.close()
        self._drop_asked()

    async def there(self, seconds: float = 10) -> None:
        """Until the desk has its snapshot."""
        await until(lambda: self.snapshot is not None, "the desk is open", seconds)

    async def available(self, seconds: float = 10) -> None:
        self._wants = True
        await self.ask("presence", state="available")
        await until(
            lambda: self.presence == "available", f"the agent is available: {self.frames}", seconds
        )

    async def away(self) -> None:
        self._wants = False
        await self.ask("presence", state="break", reason="lunch")

    def stay_away(self) -> None:
        """Do not come back when the socket is over."""
        self._staying_away = True

    def cut(self) -> None:
        """Abort the socket, as a broken line does."""
        if self.socket is not None and (response := self.socket._response).connection is not None:
            assert response.connection.transport is not None
            response.connection.transport.abort()

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == kind]

    async def rings(self, contact: str | None = None, seconds: float = 8) -> dict[str, Any]:
        """The newest offer, of this contact if one is named."""

        def found() -> dict[str, Any] | None:
            gone = {frame["offer"] for frame in self.of("offer_gone")}
            offers = [*self.of("offer")]
            for frame in self.of("snapshot"):
                offers += frame["offers"]
            for offer in reversed(offers):
                if offer["offer"] not in gone and contact in (None, offer["contact"]):
                    return offer
            return None

        answer: dict[str, Any] = await until(found, f"{contact or 'something'} rings", seconds)
        return answer

    async def ask(self, verb: str, **body: Any) -> dict[str, Any]:
        """The answer: `ok`, `error`, or {} when the socket was lost first. It is recorded."""
        id_ = f"r{next(self._ids)}"
        about = body.get("contact") or str(body.get("offer", "")).partition(".")[0]
        operation = self._history.invoked(verb, contact=about, agent=self.id)
        if self.socket is None or self.socket.closed:
            operation.unknown("no socket")
            return {}
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked[id_] = (operation, answer)
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            await self.socket.send_str(json.dumps({"type": verb, "id": id_, **body}))
        return await answer

    async def accept(self, offer: str) -> dict[str, Any]:
        return await self.ask("accept", offer=offer)

    async def end(self, contact: str) -> dict[str, Any]:
        return await self.ask("end", contact=contact)

    def go_back(self) -> None:
        """Whoever stayed away sits down again."""
        self._staying_away = False
        self.sit_down()

    async def _sit(self) -> None:
        while not self._staying_away:
            try:
                async with self._http.ws_connect(
                    f"http://{self.address}/ws/desk",
                    headers={"Cookie": self.cookie},
                    timeout=aiohttp.ClientWSTimeout(ws_close=0.2),
                    heartbeat=None,
                ) as socket:
                    self.socket = socket
                    self.opened += 1
                    while (message := await socket.receive()).type == aiohttp.WSMsgType.TEXT:
                        self._hear(json.loads(message.data))
                    if message.type == aiohttp.WSMsgType.CLOSE:
                        self.hints.append(message.extra or "")
                    self.codes.append(socket.close_code)
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            self.snapshot = None
            self._drop_asked()
            await asyncio.sleep(BACK_S * self._chance.uniform(0.5, 1.5))

    def _drop_asked(self) -> None:
        for operation, answer in self._asked.values():
            operation.unknown("the socket is gone")
            if not answer.done():
                answer.set_result({})
        self._asked.clear()

    def _hear(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        match frame["type"]:
            case "snapshot":
                self.snapshot = frame
                self._shown(frame["presence"].get("state", self.presence))
                for offer in frame["offers"]:
                    self._ring(offer)
                for handling in frame["handlings"]:
                    self._hold(handling)
            case "offer":
                self._ring(frame)
            case "handling":
                self._hold(frame)
            case "presence":
                self._shown(frame["state"])
            case "ok" | "error" if frame.get("id") in self._asked:
                operation, answer = self._asked.pop(frame["id"])
                if frame["type"] == "ok":
                    operation.done()
                elif frame["error"]["code"] in ("unavailable", "rebuilding", "error"):
                    operation.unknown(frame["error"]["code"])
                else:
                    operation.failed(frame["error"]["code"])
                if not answer.done():
                    answer.set_result(frame)

    def _shown(self, state: str) -> None:
        self.presence = state
        if self._wants and state != "available":
            self._begin(self.ask("presence", state="available"))

    def _ring(self, offer: dict[str, Any]) -> None:
        if self.habits.hands_off or offer["offer"] in self._seen:
            return
        self._seen.add(offer["offer"])
        self._begin(self._answer(offer))

    async def _answer(self, offer: dict[str, Any]) -> None:
        await asyncio.sleep(self._chance.uniform(*self.habits.thinks_s))
        mood = self._chance.random()
        if mood < self.habits.ignores:
            return
        verb = "decline" if mood < self.habits.ignores + self.habits.declines else "accept"
        answer = await self.ask(verb, offer=offer["offer"])
        if not answer or answer["type"] == "error":
            # whoever got no answer presses again, if it still rings
            self._seen.discard(offer["offer"])
            await asyncio.sleep(0.3)
            gone = {frame["offer"] for frame in self.of("offer_gone")}
            code = answer.get("error", {}).get("code")
            if code not in ("gone", "conflict") and offer["offer"] not in gone:
                self._ring(offer)

    def _hold(self, handling: dict[str, Any]) -> None:
        name = handling["handling"]
        if (
            self.habits.hands_off
            or handling.get("state") not in ("active", "connecting")
            or name in self._holds
        ):
            return
        self._holds.add(name)
        self._begin(self._serve(name, handling["contact"]))

    async def _serve(self, handling: str, contact: str) -> None:
        await asyncio.sleep(self._chance.uniform(*self.habits.holds_s))
        while True:
            answer = await self.end(contact)
            code = answer.get("error", {}).get("code")
            if answer and (answer["type"] == "ok" or code in ("conflict", "not_found", "gone")):
                self._holds.discard(handling)
                return
            await asyncio.sleep(0.3)

    def _begin(self, work: Any) -> None:
        task: asyncio.Task[Any] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
