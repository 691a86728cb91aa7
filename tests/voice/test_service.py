"""The telephone in the whole service: desk, softphone and sweep, as an agent meets them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import jwt
import pytest
from aiohttp.test_utils import unused_port

from router.standin import Call, Config, Number, Standin, serving
from tests.house import House, until
from tests.voice.conftest import ACCOUNT, PLAIN, Exchange
from tests.voice.telephone import CUSTOMER, EXPERT, SPEED, Browser
from tests.web.service import Peer, Service


@dataclass
class Floor:
    service: Service
    standin: Standin
    house: House

    async def agent(self, name: str, tier: int = 1) -> tuple[UUID, Peer]:
        """An agent at their desk, available."""
        agent = await self.house.agent(name, tier=tier, presence="offline")
        desk = await self.service.desk(agent)
        await desk.ok("presence", state="available")
        return agent, desk

    async def waiting(self, call: Call) -> None:
        await call.hears("expert number")
        await call.answers("#")
        await call.hears("in line")

    @asynccontextmanager
    async def softphone(self, agent: UUID) -> AsyncIterator[Browser]:
        """The agent's browser, with the token that the service gives it."""
        status, phone = await self.service.call("GET", "/api/softphone", by=agent)
        assert status == 200, phone
        assert phone["kind"] == "standin"
        async with Browser.at(f"{phone['url']}?token={phone['token']}") as browser:
            yield browser


@pytest.fixture
async def floor(house: House, database: str, live: str) -> AsyncIterator[Floor]:
    port = unused_port()
    account = replace(ACCOUNT, api_base=f"http://127.0.0.1:{port}/standin")
    service = await Service.start(house, database, live, twilio=account)
    base = f"{service.url}/twilio/voice"
    config = Config.of(
        ACCOUNT,
        numbers={PLAIN: Number(f"{base}/incoming", status_callback=f"{base}/status")},
        voice_url=f"{base}/agent",
        speed=SPEED,
    )
    async with serving(config, port=port) as standin:
        yield Floor(service, standin, house)
        await standin.close()
    await service.stop()


async def test_an_expert_is_answered_at_the_desk_put_on_hold_and_rates(floor: Floor) -> None:
    await Exchange.expert(floor, "4711", phone=EXPERT)  # type: ignore[arg-type]  # needs the house alone
    ana, desk = await floor.agent("Ana", tier=2)
    call = await floor.standin.call(from_=EXPERT, to=PLAIN, stir="TN-Validation-Passed-A")
    offer = await desk.until("offer", channel="voice")
    assert offer["person"]["role"] == "expert"
    assert offer["person"]["assurance"] == 2
    accepted = await desk.ok("accept", offer=offer["offer"])
    async with floor.softphone(ana) as browser:
        await browser.dial(UUID(accepted["handling"]))
        await desk.until("handling", state="active")

        async def held() -> bool:
            answer = await desk.ask("hold", contact=offer["contact"], on=True)
            return bool(answer["type"] == "ok")

        await until(held, "the caller's join is known")
        await call.hears("hold the line")
        await desk.ok("hold", contact=offer["contact"], on=False)
        await desk.ok("end", contact=offer["contact"])
        await call.hears("1 to 5")
        call.press("5")
        await call.over()
        await browser.until("disconnected")
    await desk.until("handling", state="wrapup")
    await desk.ok("wrap_up", handling=accepted["handling"], outcome="resolved")
    rating = await floor.house.pool.fetchrow("select stars, revealed_at from rating")
    assert (rating["stars"], rating["revealed_at"]) == (5, None)
    assert floor.standin.errors == []


async def test_an_agent_who_hangs_up_before_the_caller_came_leaves_the_caller_in_line(
    floor: Floor,
) -> None:
    _, desk = await floor.agent("Ana")
    call = await floor.standin.call(from_=CUSTOMER, to=PLAIN)
    await floor.waiting(call)
    offer = await desk.until("offer")
    await desk.ok("accept", offer=offer["offer"])
    await desk.ok("end", contact=offer["contact"])
    state = await floor.house.pool.fetchval("select state from contact")
    assert state == "waiting"
    assert not call.over_now


async def test_a_supervisor_who_closes_a_waiting_call_ends_it_kindly(floor: Floor) -> None:
    supervisor = await floor.service.account("supervisor")
    call = await floor.standin.call(from_=CUSTOMER, to=PLAIN)
    await floor.waiting(call)
    contact = await floor.house.pool.fetchval("select id from contact")
    status, answer = await floor.service.call(
        "POST", f"/api/contacts/{contact}/close", by=supervisor, json={}
    )
    assert status < 300, answer
    await call.hears("goodbye")
    assert await call.over() == "completed"


async def test_nobody_comes_to_the_softphone_and_the_caller_is_offered_on(floor: Floor) -> None:
    _, desk = await floor.agent("Ana")
    call = await floor.standin.call(from_=CUSTOMER, to=PLAIN)
    await floor.waiting(call)
    offer = await desk.until("offer")
    await desk.ok("accept", offer=offer["offer"])
    bob, other = await floor.agent("Bob")
    await floor.house.pool.execute(
        "update handling set accepted_at = accepted_at - interval '15 seconds'"
    )
    again = await other.until("offer", contact=offer["contact"])
    accepted = await other.ok("accept", offer=again["offer"])
    async with floor.softphone(bob) as browser:
        await browser.dial(UUID(accepted["handling"]))
        await other.until("handling", state="active")
    presence = await desk.until("presence", state="break")
    assert presence["reason"] == "no_connect"
    assert not call.over_now


async def test_the_softphones_token_lets_one_call_our_application_and_nothing_else(
    floor: Floor,
) -> None:
    ana, _ = await floor.agent("Ana")
    _, phone = await floor.service.call("GET", "/api/softphone", by=ana)
    claims = jwt.decode(phone["token"], ACCOUNT.api_key_secret, algorithms=["HS256"])
    assert claims["grants"] == {
        "identity": ana.hex,
        "voice": {"outgoing": {"application_sid": ACCOUNT.app_sid}},
    }
    assert claims["exp"] - claims["nbf"] <= 3600 + 60


async def test_only_agents_who_answer_in_the_browser_get_a_softphone(floor: Floor) -> None:
    supervisor = await floor.service.account("supervisor")
    assert (await floor.service.call("GET", "/api/softphone"))[0] == 401
    assert (await floor.service.call("GET", "/api/softphone", by=supervisor))[0] == 403
    tom, _ = await floor.agent("Tom")
    await floor.house.pool.execute(
        "update agent set reach = 'phone', reach_address = '+4915199999999' where id = $1", tom
    )
    assert (await floor.service.call("GET", "/api/softphone", by=tom))[0] == 403
