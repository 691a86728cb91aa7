"""A call center with a telephone, spoken to by webhooks that are signed as Twilio signs them."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from twilio.request_validator import RequestValidator

from router.channels.voice.provider import Provider, Refused
from router.channels.voice.voice import VOICE, Voice
from router.channels.voice.webhooks import add_routes
from router.identity.hashing import Hasher
from router.identity.people import People
from router.ratings.store import Ratings
from router.settings import Twilio
from router.web.errors import answer_errors
from tests.house import House

PUBLIC = "https://voice.example.com"
ACCOUNT = Twilio(
    account_sid="AC" + "1" * 32,
    auth_token="an auth token of the tests",
    api_key_sid="SK" + "2" * 32,
    api_key_secret="an api key's secret of the tests, long enough",
    app_sid="AP" + "3" * 32,
)
PLAIN = "+4930111222"
RICH = "+4930111333"
_sids = itertools.count(1)


def sid(prefix: str = "CA") -> str:
    return f"{prefix}{next(_sids):032x}"


class Silent(Provider):
    """A provider whose requests are written down and answered, without a network."""

    def __init__(self) -> None:
        self.made: list[tuple[str, ...]] = []
        self.gone: set[str] = set()
        self.refuses: set[str] = set()
        self.statuses: dict[str, str] = {}
        self.recorded: dict[str, list[dict[str, Any]]] = {}
        self.rooms: dict[str, tuple[str, list[str]]] = {}

    async def close(self) -> None:
        pass

    async def call(
        self, to: str, from_: str, *, url: str, status_callback: str, ring_seconds: int
    ) -> str:
        if to in self.refuses:
            raise Refused(13224, "The number is invalid.")
        made = sid()
        self.made.append(("call", to, from_, url, status_callback, made))
        return made

    async def find(self, to: str, from_: str, *, since: datetime) -> Sequence[str]:
        self.made.append(("find", to))
        return []

    async def status(self, call_sid: str) -> str | None:
        self.made.append(("status", call_sid))
        return self.statuses.get(call_sid, "in-progress")

    async def move(self, call_sid: str, url: str) -> bool:
        self.made.append(("move", call_sid, url))
        return call_sid not in self.gone

    async def hang_up(self, call_sid: str) -> bool:
        self.made.append(("hang_up", call_sid))
        return call_sid not in self.gone

    async def hold(self, conference: str, call_sid: str, *, on: bool, hold_url: str) -> bool:
        self.made.append(("hold", conference, call_sid, str(on), hold_url))
        return call_sid not in self.gone

    async def recordings(self, call_sid: str) -> list[dict[str, Any]]:
        self.made.append(("recordings", call_sid))
        return self.recorded.get(call_sid, [])

    async def sound(self, recording: str) -> bytes | None:
        self.made.append(("sound", recording))
        return b"RIFF" if recording.startswith("RE") else None

    async def participants(self, room: str) -> tuple[str, Sequence[str]] | None:
        self.made.append(("participants", room))
        return self.rooms.get(room)

    def last(self, kind: str) -> tuple[str, ...]:
        return next(each for each in reversed(self.made) if each[0] == kind)

    def count(self, kind: str) -> int:
        return sum(each[0] == kind for each in self.made)


@dataclass
class Exchange:
    """The service's telephone in a test. post: one signed webhook, its status and body."""

    house: House
    voice: Voice
    provider: Silent
    client: TestClient[Any, Any]
    people: People
    validator: RequestValidator = field(
        default_factory=lambda: RequestValidator(ACCOUNT.auth_token)
    )

    async def post(
        self, path: str, parameters: dict[str, str], *, signature: str | None = None
    ) -> tuple[int, str]:
        path = path.removeprefix(PUBLIC)
        if signature is None:
            signature = self.validator.compute_signature(PUBLIC + path, parameters)
        answer = await self.client.post(
            path, data=parameters, headers={"X-Twilio-Signature": signature}
        )
        body = await answer.text()
        await self.settled()
        return answer.status, body

    async def ask(self, path: str, **parameters: str) -> str:
        status, body = await self.post(path, parameters)
        assert status == 200, body
        return body

    async def settled(self) -> None:
        """What was begun beside the request is done."""
        await self.voice.connections.settled()

    async def expert(
        self, number: str, *, phone: str | None = None, pin: str | None = None
    ) -> UUID:
        """An expert with this expert number."""
        person: UUID = await self.house.pool.fetchval(
            "insert into person (workspace_id, name, provisional) values ($1, 'Ada', false)"
            " returning id",
            self.house.workspace,
        )
        await self.house.pool.execute(
            "insert into expert (person_id, workspace_id, number, network_size, pin_hash)"
            " values ($1, $2, $3, 120, $4)",
            person,
            self.house.workspace,
            number,
            await Hasher().hash(pin) if pin else None,
        )
        if phone:
            await self.house.pool.execute(
                "insert into address (workspace_id, kind, value, person_id, registered)"
                " values ($1, 'phone', $2, $3, true)",
                self.house.workspace,
                phone,
                person,
            )
        return person

    async def contact(self, call_sid: str) -> Any:
        return await self.house.pool.fetchrow(
            "select * from contact where provider_key = $1", f"voice:{call_sid}"
        )


async def entry_point(house: House, address: str, **columns: Any) -> None:
    await house.pool.execute(
        "insert into entry_point (workspace_id, kind, address, name, language, languages, menu,"
        " customer_queue_id, expert_queue_id) values ($1, 'phone', $2, 'Acme', $3, $4, $5, $6, $7)",
        house.workspace,
        address,
        columns.get("language", "en"),
        columns.get("languages", ["en"]),
        columns.get("menu", []),
        house.queues["customers"],
        house.queues["experts"],
    )


async def open_house(database: str, live: str) -> House:
    house = await House.open(database, live)
    await entry_point(house, PLAIN)
    await entry_point(
        house,
        RICH,
        language="de",
        languages=["de", "en"],
        menu=[{"key": "1", "topic": "router", "label": {"en": "Router"}}],
    )
    return house


@pytest.fixture
async def house(database: str, live: str) -> AsyncIterator[House]:
    opened = await open_house(database, live)
    yield opened
    await opened.close()


@pytest.fixture
async def exchange(house: House) -> AsyncIterator[Exchange]:
    provider = Silent()
    people = People(house.pool, Hasher())
    voice = Voice(
        account=ACCOUNT,
        public_url=PUBLIC,
        pool=house.pool,
        contacts=house.contacts,
        conversations=house.conversations,
        people=people,
        rate=Ratings(house.pool, house.outbox).rate_by_keypad,
        provider=provider,
    )
    app = web.Application(middlewares=[answer_errors])
    app[VOICE] = voice
    add_routes(app.router)
    async with TestClient(TestServer(app)) as client:
        yield Exchange(house, voice, provider, client, people)
    await voice.close()
