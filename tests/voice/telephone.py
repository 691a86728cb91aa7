"""The whole telephone for tests: real stores, the service on a port, the stand-in as Twilio.

The service speaks to the stand-in through Twilio's own SDK; the stand-in to the service by
signed webhooks; an agent's browser is a socket.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from aiohttp import ClientSession, ClientWebSocketResponse, web
from aiohttp.test_utils import unused_port

from router.channels.voice.provider import Provider
from router.channels.voice.softphone import access_token
from router.channels.voice.sweep import Sweep
from router.channels.voice.voice import VOICE, Voice
from router.channels.voice.webhooks import add_routes
from router.identity.hashing import Hasher
from router.identity.people import People
from router.ratings.store import Ratings
from router.standin import Call, Config, Number, Standin, serving
from router.web.errors import answer_errors
from tests.house import House, until
from tests.voice.conftest import ACCOUNT, PLAIN, RICH

CUSTOMER = "+4915112345678"
EXPERT = "+4915187654321"
SPEED = 20


class Browser:
    """An agent's softphone: a device of the stand-in's."""

    def __init__(self, socket: ClientWebSocketResponse):
        self._socket = socket
        self.heard: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    @asynccontextmanager
    async def open(cls, standin: Standin, agent: UUID) -> AsyncIterator[Browser]:
        token = access_token(ACCOUNT, agent)
        async with cls.at(f"{standin.base_url}/client?token={token}") as browser:
            yield browser

    @classmethod
    @asynccontextmanager
    async def at(cls, address: str) -> AsyncIterator[Browser]:
        """Connected to a socket whose address has a token."""
        async with ClientSession() as session, session.ws_connect(address) as socket:
            browser = cls(socket)
            await browser.until("ready")
            yield browser
            browser._reading.cancel()

    async def _read(self) -> None:
        async for message in self._socket:
            self.heard.append(json.loads(message.data))

    async def until(self, kind: str) -> dict[str, Any]:
        def found() -> Any:
            return next((each for each in self.heard if each["type"] == kind), None)

        answer: dict[str, Any] = await until(found, f"{kind} in {self.heard}")
        return answer

    async def dial(self, handling: UUID) -> None:
        self.heard.clear()
        await self._socket.send_json({"type": "connect", "params": {"handling": str(handling)}})

    async def close(self) -> None:
        await self._socket.close()


@dataclass
class Telephone:
    """sweep: its timer does not run; tests tick it."""

    house: House
    voice: Voice
    standin: Standin
    sweep: Sweep

    async def call(self, from_: str = CUSTOMER, to: str = PLAIN, **more: Any) -> Call:
        return await self.standin.call(from_=from_, to=to, **more)

    async def customer(self, **more: Any) -> Call:
        """A customer who has got in line."""
        call = await self.call(**more)
        await call.hears("expert number")
        await call.answers("#")
        await until(lambda: self.state(call, "waiting"), "in line")
        return call

    async def contact(self, call: Call) -> Any:
        return await self.house.pool.fetchrow(
            "select * from contact where provider_key = $1", f"voice:{call.sid}"
        )

    async def state(self, call: Call, *states: str) -> bool:
        contact = await self.contact(call)
        return contact is not None and contact["state"] in states

    async def offered(self, agent: UUID) -> None:
        await until(lambda: self.house.offer(agent), "an offer")

    async def accept(self, agent: UUID) -> UUID:
        await self.offered(agent)
        handling: UUID = (await self.house.accept(agent)).id
        return handling

    async def handling(self, handling: UUID) -> Any:
        return await self.house.pool.fetchrow("select * from handling where id = $1", handling)

    async def active(self, handling: UUID) -> None:
        async def is_active() -> bool:
            return (await self.handling(handling))["state"] == "active"

        await until(is_active, "the conversation")

    async def together(self, call: Call) -> None:
        """The caller is in a room with somebody."""
        await until(
            lambda: self._together(call),
            f"two in a room; the caller heard:\n{call.transcript.text}",
        )

    def _together(self, call: Call) -> bool:
        return any(
            len(room.people) >= 2 and call.sid in room.people
            for room in self.standin.rooms.values()
        )

    async def end(self, agent: UUID, handling: UUID) -> None:
        """The desk's `end`."""
        contact = (await self.handling(handling))["contact_id"]
        await self.house.contacts.end(
            self.house.workspace, contact, outcome="completed", by="agent", by_id=agent
        )

    async def agent(self, name: str, *, tier: int = 1, phone: str | None = None) -> UUID:
        agent = await self.house.agent(name, tier=tier, languages=("en", "de"), skills=())
        if phone is not None:
            await self.house.pool.execute(
                "update agent set reach = $2, reach_address = $3 where id = $1",
                agent,
                "sip" if phone.startswith("sip:") else "phone",
                phone,
            )
        return agent

    def errors(self) -> list[str]:
        """What Twilio's debugger would show."""
        return [str(error) for error in self.standin.errors]

    async def tick(self) -> None:
        await self.sweep.tick()
        await self.voice.connections.settled()

    async def joined(self, handling: UUID) -> None:
        """The agent's leg is in the room, and we were told so."""

        async def is_joined() -> bool:
            return bool(
                await self.house.pool.fetchval(
                    "select true from leg where handling_id = $1 and party = 'agent'"
                    " and state = 'joined'",
                    handling,
                )
            )

        await until(is_joined, "the agent in the room")

    async def together_unheard(self, call: Call) -> None:
        """The same as `together`, where no webhook tells of it: the sweep asks.

        It asks again: the first time the agent may be on the way to the room.
        """

        async def swept() -> bool:
            await self.house.pool.execute(
                "update leg set heard_at = heard_at - interval '4 seconds'"
            )
            await self.tick()
            return self._together(call)

        await until(swept, f"two in a room; the caller heard:\n{call.transcript.text}")

    async def older(self, seconds: float) -> None:
        """As if so much time had passed for legs and handlings."""
        interval = f"{seconds} seconds"
        await self.house.pool.execute(f"update leg set heard_at = heard_at - interval '{interval}'")
        await self.house.pool.execute(
            f"update handling set accepted_at = accepted_at - interval '{interval}',"
            f" ended_at = ended_at - interval '{interval}'"
        )


@asynccontextmanager
async def opened(house: House, **config: Any) -> AsyncIterator[Telephone]:
    """Service and stand-in on free ports."""
    port = unused_port()
    public = f"http://127.0.0.1:{port}"
    numbers = {
        number: Number(
            f"{public}/twilio/voice/incoming", status_callback=f"{public}/twilio/voice/status"
        )
        for number in (PLAIN, RICH)
    }
    settings = {"speed": SPEED, "calls_per_second": 1000.0} | config
    async with serving(
        Config.of(ACCOUNT, numbers=numbers, voice_url=f"{public}/twilio/voice/agent", **settings)
    ) as standin:
        account = replace(ACCOUNT, api_base=standin.base_url)
        voice = Voice(
            account=account,
            public_url=public,
            pool=house.pool,
            contacts=house.contacts,
            conversations=house.conversations,
            people=People(house.pool, Hasher()),
            rate=Ratings(house.pool, house.outbox).rate_by_keypad,
            provider=Provider(account, timeout=1.0),
        )
        app = web.Application(middlewares=[answer_errors])
        app[VOICE] = voice
        add_routes(app.router)
        runner = web.AppRunner(app, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield Telephone(
                house, voice, standin, Sweep(voice, house.pool, callback_pause_seconds=60)
            )
        finally:
            await standin.close()
            await voice.close()
            await runner.cleanup()
