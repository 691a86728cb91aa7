"""A past of years costs the present nothing: no statement reads the whole of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from redis import Redis
from twilio.request_validator import RequestValidator

from router.channels.voice.sweep import Sweep
from router.channels.voice.voice import VOICE
from router.queues.keys import epoch_key
from router.statistics.rollup import Rollup, beginning
from router.web.routes import record
from tests.house import House
from tests.statistics.history import DAYS, TABLES, Plans, fill
from tests.voice.conftest import ACCOUNT, PLAIN, sid
from tests.web.service import Service, serving

SHARES = dict.fromkeys(TABLES, 0.02) | {"call_cost": 32 / DAYS}
"""Of each table's rows, what one statement may read: a day is a four-hundredth of them. What
calls cost is told for a month."""


@dataclass
class Old:
    """A call center with a past, and the service over it."""

    house: House
    service: Service
    live: str
    plans: Plans
    sizes: dict[str, int]

    def too_much(self) -> list[str]:
        """Statements that read a table as a whole, or more than their share of its rows."""
        worst: dict[tuple[str, str, str], float] = defaultdict(float)
        for scan in self.plans.scans():
            if scan.how == "Seq Scan" or scan.rows > SHARES[scan.table] * self.sizes[scan.table]:
                key = (scan.table, scan.how, scan.statement)
                worst[key] = max(worst[key], scan.rows)
        return [f"{t}: {how}, {rows:.0f} rows: {s}" for (t, how, s), rows in worst.items()]


@pytest.fixture
def contacts(request: pytest.FixtureRequest) -> int:
    """How many there were."""
    return getattr(request, "param", 10_000)


@pytest.fixture
async def old(
    house: House, database: str, live: str, stores_folder: Path, contacts: int
) -> AsyncIterator[Old]:
    await fill(house, contacts)
    # what was counted when it was the present
    await house.pool.execute(
        "insert into statistics_progress values ($1, $2, now())",
        house.workspace,
        beginning(datetime.now(UTC) - timedelta(minutes=20)),
    )
    await house.pool.execute(
        "insert into entry_point (workspace_id, kind, address, name, customer_queue_id,"
        " expert_queue_id) values ($1, 'phone', $2, 'Line', $3, $4)",
        house.workspace,
        PLAIN,
        house.queues["customers"],
        house.queues["experts"],
    )
    sizes = {name: await house.pool.fetchval(f"select count(*) from {name}") for name in TABLES}
    plans = await Plans.kept(database, stores_folder / "pg.log")
    await house.pool.expire_connections()
    unreachable = replace(ACCOUNT, api_base="http://127.0.0.1:9")
    async with serving(house, database, live, twilio=unreachable) as service:
        yield Old(house, service, live, plans, sizes)


async def a_chat(old: Old) -> tuple[UUID, UUID]:
    """A chat from the widget to both ratings; its contact and its agent."""
    service, agent = old.service, await old.house.agent("Ana", presence="offline")
    desk = await service.desk(agent)
    await desk.ok("presence", state="available")
    opened = await service.open(message="The router blinks red")
    customer = await service.customer(opened)
    offer = await desk.until("offer", contact=opened["contact"])
    await desk.ok("decline", offer=offer["offer"])
    await desk.ok("presence", state="break")
    second = await old.house.agent("Ben", presence="offline")
    desk = await service.desk(second)
    await desk.ok("presence", state="available")
    offer = await desk.until("offer", contact=opened["contact"])
    taken = await desk.ok("accept", offer=offer["offer"])
    await desk.ok("say", contact=opened["contact"], key="a1", text="Which colour was it before?")
    await customer.ok("say", key="c1", text="Green")
    await service.call("GET", f"/api/contacts/{opened['contact']}", by=second)
    await desk.ok("end", contact=opened["contact"])
    await desk.ok("wrap_up", handling=taken["handling"], outcome="resolved", note="")
    await desk.ok("presence", state="break")
    await customer.ok("rate", stars=5, comment="quick")
    status, _ = await service.call(
        "POST", f"/api/handlings/{taken['handling']}/rating", by=second, json={"stars": 4}
    )
    assert status < 300
    return UUID(opened["contact"]), second


async def a_call(old: Old) -> None:
    """Somebody calls whom we know, waits a moment, and hangs up."""
    call = {"CallSid": sid(), "From": "+493010000007", "To": PLAIN, "AccountSid": "AC" + "1" * 32}
    await said_by_twilio(old, "/twilio/voice/incoming", {**call, "CallStatus": "ringing"})
    await said_by_twilio(old, "/twilio/voice/status", {**call, "CallStatus": "completed"})


async def said_by_twilio(old: Old, path: str, said: dict[str, str]) -> None:
    url = old.service.url + path
    signature = RequestValidator(ACCOUNT.auth_token).compute_signature(url, said)
    headers = {"X-Twilio-Signature": signature}
    async with old.service.http.post(path, data=said, headers=headers) as answer:
        assert answer.status in (200, 204), await answer.text()


async def a_call_in_hand(old: Old) -> None:
    """An agent accepts a call; their telephone is out of reach, and the sweep looks into it."""
    house, service = old.house, old.service
    agent = await house.agent("Cid", presence="offline")
    await house.pool.execute(
        "update agent set reach = 'phone', reach_address = '+4930555' where id = $1", agent
    )
    desk = await service.desk(agent)
    await desk.ok("presence", state="available")
    contact = await house.arrive(channel="voice")
    offer = await desk.until("offer", contact=str(contact.id))
    taken = await desk.ok("accept", offer=offer["offer"])
    await service.app[VOICE].connections.settled()
    # the sweep asks for what is older than this
    await house.pool.execute(
        "update handling set accepted_at = now() - interval '5 seconds' where id = $1",
        UUID(taken["handling"]),
    )
    await Sweep(service.app[VOICE], house.pool).tick()


async def a_callback_and_a_message(old: Old) -> None:
    house = old.house
    contact = await house.arrive()
    await house.contacts.ask_callback(house.workspace, contact.id, "+493010000009")
    call = await house.arrive(channel="voice")
    await house.contacts.leave_message(call.id)
    moved = await house.arrive()
    await house.contacts.move(house.workspace, moved.id, house.queues["experts"], None)


async def every_page(old: Old, contact: UUID, agent: UUID) -> None:
    """All that is read over HTTP; an address that is new must be given what it asks for."""
    house, service = old.house, old.service
    supervisor, admin = await service.account("supervisor"), await service.account("admin")
    person = await house.pool.fetchval("select person_id from contact where id = $1", contact)
    floor = await service.peer("/ws/floor", by=supervisor)
    await floor.until("snapshot")
    own = {
        "/api/me": agent,
        "/api/softphone": agent,
        "/api/ice": agent,
        "/api/guest": None,
        "/api/widgets/{key}": None,
        "/api/contacts/{id}/callback-times": supervisor,
        "/api/contacts/{id}/recording": supervisor,
    }
    values = {"number": 1, "key": await service.widget(), "agent": agent, "id": contact}
    asked = {
        "/api/statistics": [
            {}, *({"by": by} for by in ("all", "queue", "agent", "tier", "channel")),
            {"by": "agent", "of": str(agent)},
        ],
        "/api/policy/difference": [{"after": "1"}],
    }  # fmt: skip
    read = set()
    for route in service.app.router.routes():
        known = record(route.handler)
        if route.method != "GET" or known is None:
            continue
        whose = admin if known.who == "admin" else supervisor
        path = known.path.replace("{number:\\d+}", "{number}")
        here = values | ({"id": person} if "people" in path else {})
        for query in asked.get(path, [{}]):
            status, answer = await service.call(
                "GET", path.format(**here), by=own.get(path, whose), params=query
            )
            expected = {200, 404} if path.endswith(("/recording", "/guest")) else {200}
            assert status in expected | ({401} if "guest" in path else set()), (path, answer)
        read.add(path)
    assert len(read) > 20
    async with service.http.get("/metrics") as answer:
        assert answer.status == 200


async def the_clock(old: Old) -> None:
    """What is done at intervals, by every process, and when the live store was lost."""
    house = old.house
    await Rollup(house.pool).run(house.workspace)
    await house.timers.tick()
    await house.timers.tick_slow()
    await house.timers.follow()
    await house.timers.tick_hourly()
    with Redis.from_url(old.live) as store:
        store.delete(epoch_key(house.workspace))
    assert await house.rebuilder.rebuild(house.workspace)


@pytest.mark.parametrize(
    "contacts",
    [
        10_000,
        pytest.param(1_000_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)]),
    ],
    indirect=True,
)
async def test_no_statement_reads_the_whole_past(old: Old):
    contact, agent = await a_chat(old)
    await a_call(old)
    await a_call_in_hand(old)
    await a_callback_and_a_message(old)
    await every_page(old, contact, agent)
    await the_clock(old)
    seen = {scan.statement for scan in old.plans.scans()}
    assert len(seen) > 50
    too_much = old.too_much()
    assert not too_much, "\n".join(too_much)


async def test_a_rush_that_the_planner_knows_nothing_of_is_counted_row_by_row(
    house: House, database: str, stores_folder: Path
):
    """What came since the tables were analysed is taken for nothing, and not looped over."""
    for table in TABLES:
        await house.pool.execute(f"alter table {table} set (autovacuum_enabled = off)")
    await fill(house, 1_000)
    rush = 3_000
    await fill(house, rush, within=timedelta(minutes=15), known=False)
    since = beginning(datetime.now(UTC) - timedelta(minutes=40))
    await house.pool.execute(
        "insert into statistics_progress values ($1, $2, now())", house.workspace, since
    )
    plans = await Plans.kept(database, stores_folder / "pg.log")
    await house.pool.expire_connections()
    assert await Rollup(house.pool).run(house.workspace)
    assert rush < plans.most("with bounds as") < 20 * rush
