"""One call on a real account of Twilio's. Not run unless all of TWILIO_TEST_… say how.

TWILIO_TEST_ACCOUNT_SID, _AUTH_TOKEN, _API_KEY_SID, _API_KEY_SECRET, _APP_SID: the account.
TWILIO_TEST_FROM: a number of the account, which calls. TWILIO_TEST_TO: the number it calls;
somebody or something must pick up. TWILIO_TEST_PUBLIC_URL: an https address that is forwarded
to TWILIO_TEST_PORT on this machine (a tunnel). The call costs what a call of a minute costs.
"""

from __future__ import annotations

import os
from uuid import UUID

import pytest
from aiohttp import web

from router.channels.voice.provider import Provider
from router.channels.voice.voice import VOICE, Voice
from router.channels.voice.webhooks import add_routes
from router.identity.hashing import Hasher
from router.identity.people import People
from router.ratings.store import Ratings
from router.settings import Twilio
from router.web.errors import answer_errors
from tests.house import House, until
from tests.voice.conftest import entry_point

NAMES = (
    "ACCOUNT_SID",
    "AUTH_TOKEN",
    "API_KEY_SID",
    "API_KEY_SECRET",
    "APP_SID",
    "FROM",
    "TO",
    "PUBLIC_URL",
    "PORT",
)


async def test_one_call_on_a_real_account(house: House) -> None:
    given = {name: os.environ.get(f"TWILIO_TEST_{name}", "").strip() for name in NAMES}
    if missing := [f"TWILIO_TEST_{name}" for name, value in given.items() if not value]:
        pytest.skip(f"a call on a real account needs {', '.join(missing)}")
    account = Twilio(*(given[name] for name in NAMES[:5]))
    public = given["PUBLIC_URL"].rstrip("/")
    provider = Provider(account)
    voice = Voice(
        account=account,
        public_url=public,
        pool=house.pool,
        contacts=house.contacts,
        conversations=house.conversations,
        people=People(house.pool, Hasher()),
        rate=Ratings(house.pool, house.outbox).rate_by_keypad,
        provider=provider,
    )
    await entry_point(house, given["TO"])
    app = web.Application(middlewares=[answer_errors])
    app[VOICE] = voice
    add_routes(app.router)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(given["PORT"])).start()
    try:
        call = await provider.call(
            given["TO"],
            given["FROM"],
            url=f"{public}/twilio/voice/incoming",
            status_callback=f"{public}/twilio/voice/status",
            ring_seconds=30,
        )

        async def contact(state: str) -> object:
            return await house.pool.fetchval(
                "select true from contact where provider_key = $1 and state = $2",
                f"voice:{call}",
                state,
            )

        # nobody presses a key: the time for the expert number runs out
        await until(lambda: contact("waiting"), "the caller is in line", seconds=90)
        assert await provider.status(call) == "in-progress"
        assert await provider.move(call, voice.addresses.caller(await _id(house, call), "wait"))
        assert await provider.hang_up(call)
        await until(lambda: contact("ended"), "the status callback came", seconds=30)
        assert not await provider.hang_up(call), "a call that is over is gone"
    finally:
        await voice.close()
        await runner.cleanup()


async def _id(house: House, call: str) -> UUID:
    found: UUID = await house.pool.fetchval(
        "select id from contact where provider_key = $1", f"voice:{call}"
    )
    return found
