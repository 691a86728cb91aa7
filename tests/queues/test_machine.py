"""Any sequence of what people do, against a plain model: one offer, one owner, no overload.

The scripts run on a virtual clock, so that deadlines and steps pass without waiting.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
)

from router.channels.contacts import HandOver
from router.errors import Conflict, Gone
from router.queues.floor import NO_LOAD, by_channel
from router.queues.keys import key
from router.queues.picture import excluded_in
from tests.house import House

LANGUAGES = ("en", "de")


class Line(RuleBasedStateMachine):
    """The rules call the service; the invariants compare both stores with what must hold."""

    contacts = Bundle("contacts")
    stores: tuple[str, str] = ("", "")
    loop: asyncio.AbstractEventLoop

    def run(self, awaitable: Any) -> Any:
        return self.loop.run_until_complete(awaitable)

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.house: House = self.run(House.open(*self.stores))
        self.agents: dict[UUID, tuple[int, tuple[str, ...]]] = {}
        self.arrived: dict[UUID, float] = {}
        self.handlings: dict[UUID, Any] = {}
        self.ended: set[UUID] = set()
        # ahead of the truth's clock, which stamps arrivals all the while
        self.clock = int(time.time() * 1000) + 600_000
        self.run(self.turn(0))

    async def turn(self, ms: int) -> None:
        self.clock += ms
        await self.house.redis.set("{" + self.house.workspace.hex + "}:clock", self.clock)

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.run(self.house.close())
            self.loop.close()

    @precondition(lambda self: len(self.agents) < 6)
    @rule(tier=st.sampled_from((1, 1, 2)), languages=st.sampled_from((("en",), LANGUAGES)))
    def sign_in(self, tier: int, languages: tuple[str, ...]) -> None:
        agent = self.run(
            self.house.agent("A", tier=tier, languages=languages, capacity={"chat": 2, "voice": 1})
        )
        self.agents[agent] = (tier, languages)

    @rule(
        target=contacts,
        role=st.sampled_from(("customer", "customer", "expert")),
        language=st.sampled_from(LANGUAGES),
        channel=st.sampled_from(("chat", "chat", "voice")),
    )
    def arrive(self, role: str, language: str, channel: str) -> UUID:
        contact = self.run(self.house.arrive(role=role, language=language, channel=channel))
        self.arrived[contact.id] = contact.arrived_at.timestamp()
        found: UUID = contact.id
        return found

    def pick(self, data: Any) -> UUID | None:
        # by place, for ids differ from run to run
        agents = list(self.agents)
        return agents[data.draw(st.integers(0, len(agents) - 1))] if agents else None

    @rule(data=st.data())
    def accept(self, data: Any) -> None:
        agent = self.pick(data)
        offer = agent and self.run(self.house.offer(agent))
        if not offer or offer["deadline_ms"] < self.clock:
            return
        handling = self.run(self.house.contacts.accept(self.house.workspace, agent, offer["offer"]))
        if handling.channel == "voice":
            self.run(self.house.contacts.connected(handling.id))
        self.handlings[handling.id] = agent

    @rule(data=st.data())
    def decline(self, data: Any) -> None:
        agent = self.pick(data)
        offer = agent and self.run(self.house.offer(agent))
        if offer:
            self.run(self.house.contacts.decline(self.house.workspace, agent, offer["offer"]))

    @rule(data=st.data(), state=st.sampled_from(("available", "available", "break", "offline")))
    def presence(self, data: Any, state: str) -> None:
        agent = self.pick(data)
        if agent:
            self.run(self.house.contacts.set_presence(self.house.workspace, agent, state, "x"))

    @rule(contact=consumes(contacts), outcome=st.sampled_from(("completed", "abandoned")))
    def end(self, contact: UUID, outcome: str) -> None:
        self.run(
            self.house.contacts.end(self.house.workspace, contact, outcome=outcome, by="person")
        )
        self.ended.add(contact)

    @rule(data=st.data(), what=st.sampled_from(("wrap", "lost", "no_connect", "escalate")))
    def work(self, data: Any, what: str) -> None:
        if not self.handlings:
            return
        handlings = list(self.handlings)
        handling = handlings[data.draw(st.integers(0, len(handlings) - 1))]
        agent = self.handlings[handling]
        contacts = self.house.contacts
        try:
            if what == "wrap":
                self.run(contacts.wrap_up(self.house.workspace, agent, handling, "resolved"))
            elif what == "lost":
                self.run(contacts.release(handling))
            elif what == "no_connect":
                self.run(contacts.no_connect(handling, "timeout"))
            else:
                self.run(
                    contacts.escalate(
                        self.house.workspace, agent, handling, HandOver("r", "a", "t")
                    )
                )
        except (Conflict, Gone):
            return

    @rule(seconds=st.sampled_from((1, 21, 31, 61, 121)))
    def time_passes(self, seconds: int) -> None:
        self.run(self.turn(seconds * 1000))
        self.run(self.house.timers.due_offers(self.house.workspace))
        self.run(self.house.timers.wake(self.house.workspace))

    @rule(twice=st.booleans())
    def the_live_store_is_emptied(self, twice: bool) -> None:
        self.run(self.house.redis.flushall())
        self.run(self.turn(0))
        self.run(self.house.rebuilder.ensure(self.house.workspace))
        if twice:
            self.run(self.house.timers.wake(self.house.workspace))

    @invariant()
    def what_must_hold(self) -> None:
        if hasattr(self, "house"):
            self.run(self.check())

    async def check(self) -> None:
        house = self.house
        await house.kinds.settled(house.workspace)
        # what a new kind stirs may wait for an agent's own change, and is drained in its turn
        await house.outbox.drain(subject=house.workspace)
        await house.outbox.forget()
        epoch = await house.engine.epoch(house.workspace)

        def name(what: str, *parts: str) -> str:
            return key(house.workspace, epoch, what, *parts)

        rows = {
            row["id"]: row
            for row in await house.pool.fetch(
                "select id, state, generation, arrived_at, head_start, role, language, channel"
                " from contact where workspace_id = $1",
                house.workspace,
            )
        }
        held = await house.pool.fetch(
            "select * from handling where workspace_id = $1 and state <> 'done'", house.workspace
        )
        in_hand = [row for row in held if row["state"] in ("connecting", "active")]
        assert len({row["contact_id"] for row in in_hand}) == len(in_hand), (
            "two agents, one contact"
        )
        offered: set[str] = set()
        idle: dict[UUID, dict[str, str]] = {}
        for agent, (tier, languages) in self.agents.items():
            fields = await house.redis.hgetall(name("agent", str(agent)))
            hands = await house.redis.hgetall(name("hands", str(agent)))
            expected = {row["offer_id"]: row["channel"] for row in held if row["agent_id"] == agent}
            offer = fields.get("offer")
            if offer:
                contact_id, generation, _ = offer.split(".")
                live = await house.redis.hgetall(name("contact", contact_id))
                assert live["agent"] == str(agent)
                assert contact_id not in offered, "one live offer a contact"
                offered.add(contact_id)
                contact = rows[UUID(contact_id)]
                assert contact["state"] == "waiting"
                assert contact["generation"] == int(generation)
                assert contact["role"] == "customer" or tier == 2, "experts never meet tier 1"
                assert contact["language"] in languages
                hands[offer] = expected[offer] = contact["channel"]
            assert {k: v.split("/")[0] for k, v in hands.items()} == expected, (
                "load is what is held"
            )
            for channel, most in (("chat", 2), ("voice", 1)):
                count = sum(at.startswith(channel) for at in hands.values())
                assert count == by_channel(fields.get("load", NO_LOAD))[channel] <= most
            if fields.get("st") == "available" and not offer:
                idle[agent] = fields
        # nobody waits whom an idle agent could take: both directions try at once
        for contact_id, contact in rows.items():
            live = await house.redis.hgetall(name("contact", str(contact_id)))
            if contact["state"] == "waiting":
                assert live["st"] in ("waiting", "offered"), "in line within one operation"
                assert int(live["gen"]) == contact["generation"]
                assert (live["st"] == "offered") == (str(contact_id) in offered)
            if contact["state"] == "waiting" and live["st"] == "waiting":
                away = excluded_in(live)
                wakes = await house.redis.zscore(name("wake"), str(contact_id))
                for agent, fields in idle.items():
                    channel = contact["channel"]
                    room = by_channel(fields["load"])[channel] < (2 if channel == "chat" else 1)
                    tier, languages = self.agents[agent]
                    fits = (
                        tier == (2 if contact["role"] == "expert" else 1)
                        and contact["language"] in languages
                    )
                    let_pass = int(away.get(str(agent), 0)) > self.clock
                    woken_soon = wakes is not None and wakes <= self.clock
                    escalated = live["queue"] != str(
                        house.queues["experts" if contact["role"] == "expert" else "customers"]
                    )
                    assert not (fits and room and not let_pass and not woken_soon) or escalated, (
                        "an idle agent and a contact for them, and no offer"
                    )
            if contact["state"] == "ended":
                assert live.get("st", "ended") == "ended"
        left = await house.pool.fetchval(
            "select count(*) from outbox where workspace_id = $1", house.workspace
        )
        assert left == 0


def test_whatever_people_do_the_line_stays_right(database: str, live: str) -> None:
    Line.stores = (database, live)
    Line.TestCase.settings = settings(
        max_examples=int(os.environ.get("SECONDLINE_MACHINE_EXAMPLES", "25")),
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    Line.TestCase().runTest()
