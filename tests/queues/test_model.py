"""The real scripts against the plain model: any sequence of calls, on a virtual clock."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from redis import Redis

from router.queues.floor import by_channel
from router.queues.keys import epoch_key, events_key, key, root
from router.queues.kinds import Profile, classify, kind_name
from router.queues.picture import enter_arguments
from router.queues.policy import parse
from router.queues.scripts import FUNCTIONS, LIBRARY
from router.queues.steps import CompiledStep, compile_steps
from tests.queues.model import Agent, Contact, Model, Step

LANGUAGES = ("en", "es")
RETRY_MS = 120_000
LEASE_MS = 10_000
# each a queue of its own: what it requires, step by step, and how it chooses
POLICIES = [
    parse({"steps": [{"seconds": 30}, {"language": False}]}),
    parse({"steps": [{"strategy": "least_loaded", "head_start_seconds": 60}]}),
    parse(
        {
            "steps": [{"strategy": "best_rated", "tiers": [1, 2]}],
            "choice": {"pass_over_most": 2, "newcomer_share": 0},
        }
    ),
    parse(
        {
            "steps": [{"strategy": "best_rated", "tiers": [1, 2], "language": False}],
            "choice": {"pass_over_most": 0, "newcomer_share": 1},
        }
    ),
    parse({"steps": [{"strategy": "least_scarce"}], "choice": {"pass_over_most": 3}}),
    parse({"steps": [{"strategy": "random"}], "choice": {"prefer_seconds": 40}}),
    parse({"steps": [{"tiers": [3], "skip": True, "seconds": 50}, {"tiers": [1, 2]}]}),
    parse({"steps": [{"tiers": [2]}]}),
]
REQUIREMENTS = sorted(
    {
        step.requirement
        for policy in POLICIES
        for channel in ("voice", "chat")
        for role in ("expert", "customer")
        for language in LANGUAGES
        for step in compile_steps(
            policy, {"channel": channel, "role": role, "language": language, "skills": ()}
        )
    },
    key=str,
)
KINDS = list(enumerate(REQUIREMENTS, 1))
NUMBERS = {requirement: number for number, requirement in KINDS}


class Scripts(RuleBasedStateMachine):
    """Each rule is one call; the invariants compare the store with the model."""

    url = ""

    @initialize()
    def open(self) -> None:
        self.redis: Redis = Redis.from_url(self.url, decode_responses=True, protocol=2)
        self.ws = uuid4()
        self.made = 0
        self.model = Model()
        self.redis.function_load(LIBRARY, replace=True)
        self.redis.set(epoch_key(self.ws), "1")
        self.cursor = "0-0"
        self.turn(1_800_000_000_000)

    def fresh(self) -> str:
        """An id that is the same whenever the same things are done: ids decide ties."""
        self.made += 1
        return str(uuid5(NAMESPACE_OID, str(self.made)))

    def turn(self, ms: int) -> None:
        self.model.now += ms
        self.redis.set(root(self.ws) + "clock", self.model.now)

    def teardown(self) -> None:
        if hasattr(self, "redis"):
            self.redis.close()

    def call(self, verb: str, **arguments: Any) -> dict[str, Any]:
        raw: Any = self.redis.fcall(
            FUNCTIONS[verb], 1, root(self.ws), "1", json.dumps(arguments, default=str)
        )
        answer: dict[str, Any] = json.loads(raw)
        return answer

    def name(self, what: str, *parts: str) -> str:
        return key(self.ws, 1, what, *parts)

    def heard(self) -> None:
        """Offers that were made, in their order."""
        entries: Any = self.redis.xrange(events_key(self.ws), f"({self.cursor}")
        for cursor, fields in entries:
            self.cursor = cursor
            for event in json.loads(fields["e"]):
                if event["t"] == "offer":
                    why: Any = self.redis.hget(self.name("contact", event["contact"]), "why")
                    self.model.offered(event["offer"], event["agent"], json.loads(why)["why"])

    # agents

    @rule(
        tier=st.sampled_from((1, 1, 2)),
        languages=st.sampled_from((("en",), ("es",), LANGUAGES)),
        capacity=st.sampled_from(
            ({"chat": 1, "voice": 1}, {"chat": 3, "voice": 1}, {"chat": 3, "voice": 1, "all": 2})
        ),
        band=st.integers(0, 4),
        newcomer=st.booleans(),
    )
    def sign_in(self, **profile: Any) -> None:
        if len(self.model.agents) >= 6:
            return
        found = classify(self.profile(**profile), KINDS)
        agent = Agent(
            self.fresh(),
            {channel: frozenset(kinds) for channel, kinds in found.kinds.items()},
            profile["band"],
            profile["newcomer"],
            profile["tier"] >= 2,
            profile["capacity"],
            idle=self.model.now,
        )
        self.model.agents[agent.id] = agent
        self.classes = {**getattr(self, "classes", {}), agent.id: (found, profile["tier"])}
        self.present(agent)

    @staticmethod
    def profile(
        tier: int, languages: tuple[str, ...], capacity: dict[str, int], band: int, newcomer: bool
    ) -> Profile:
        return Profile(tier, frozenset(languages), frozenset(), capacity, band, newcomer)

    def present(self, agent: Agent) -> None:
        found, tier = self.classes[agent.id]
        self.call(
            "present",
            agent=agent.id,
            version=agent.version,
            state=agent.st,
            since_ms=self.model.now,
            tier=tier,
            kinds={channel: " ".join(kinds) for channel, kinds in found.kinds.items()},
            capacity=agent.capacity,
            blocks="voice>video video>voice",
            **{"class": found.name},
        )
        self.heard()

    def some(self, data: Any, among: Any) -> Any:
        """One of them, by place: names differ from run to run."""
        found = list(among)
        return found[data.draw(st.integers(0, len(found) - 1))] if found else None

    @rule(data=st.data(), state=st.sampled_from(("available", "break", "offline")))
    def change_presence(self, data: Any, state: str) -> None:
        agent = self.some(data, self.model.agents.values())
        if agent is None:
            return
        if state == "available" and agent.st != "available":
            agent.idle = self.model.now
        agent.st = state
        agent.version += 1
        if state == "offline":
            for contact in self.model.contacts.values():
                contact.held = contact.held and contact.prefer != agent.id
        self.present(agent)

    @rule(share=st.sampled_from((0.0, 0.3, 0.5)))
    def keep_for_experts(self, share: float) -> None:
        self.model.share = share
        self.call("reserve", share=share)
        self.heard()

    # contacts

    @rule(
        data=st.data(),
        policy=st.integers(0, len(POLICIES) - 1),
        channel=st.sampled_from(("chat", "chat", "voice")),
        role=st.sampled_from(("customer", "customer", "expert")),
        language=st.sampled_from(LANGUAGES),
        ahead=st.sampled_from((0, 0, 30, 1800)),
        prefers=st.booleans(),
    )
    def arrive(
        self,
        data: Any,
        policy: int,
        channel: str,
        role: str,
        language: str,
        ahead: int,
        prefers: bool,
    ) -> None:
        prefer = self.some(data, self.model.agents) if prefers else None
        at = datetime.fromtimestamp(self.model.now / 1000, UTC)
        row = {
            "id": self.fresh(),
            "generation": 1,
            "queue_id": str(UUID(int=policy)),
            "channel": channel,
            "role": role,
            "language": language,
            "skills": (),
            "arrived_at": at,
            "line_at": at,
            "head_start": timedelta(seconds=ahead),
            "prefer_agent_id": prefer,
        }
        rules = POLICIES[policy]
        steps = [(step, NUMBERS[step.requirement]) for step in compile_steps(rules, row)]
        contact = Contact(
            row["id"],
            row["queue_id"],
            channel,
            self.model.now - ahead * 1000,
            self.model.now,
            tuple(self.plain(step, number, policy) for step, number in steps),
            prefer,
            self.model.now + rules.choice.prefer_seconds * 1000,
        )
        self.model.contacts[contact.id] = contact
        self.model.moved(contact)
        self.call("enter", **enter_arguments(row, rules, steps, {}))
        self.heard()
        contact.queued = contact.st == "waiting"

    @staticmethod
    def plain(step: CompiledStep, number: int, policy: int) -> Step:
        choice = POLICIES[policy].choice
        return Step(
            kind_name(number, step.requirement),
            step.requirement.strategy,
            step.from_ms,
            step.ahead_ms,
            step.skip,
            choice.pass_over_most,
            choice.newcomer_share,
        )

    def drop(self, offer: str, *, restart: bool) -> None:
        """The agent of this hand holds it no more."""
        for agent in self.model.agents.values():
            if agent.hands.pop(offer, None) is not None and restart:
                agent.idle = self.model.now
            if agent.offer == offer:
                agent.offer = None

    @rule(data=st.data())
    def accept(self, data: Any) -> None:
        contact = self.some(data, (c for c in self.model.contacts.values() if c.st == "offered"))
        if contact is None:
            return
        answer = self.call("accept", offer=contact.offer, agent=contact.agent, lease_ms=LEASE_MS)
        assert answer["state"] == "accepting"
        contact.gen += 1
        contact.st = "handling"
        self.model.agents[contact.agent].offer = None
        self.call(
            "hold",
            contact=contact.id,
            gen=contact.gen,
            offer=contact.offer,
            agent=contact.agent,
            channel=contact.channel,
            queue=contact.queue,
            role="customer",
            arrival_ms=contact.line_at,
            wrapup=False,
            answered={"day": "2027-01-15", "wait_ms": 0, "within": 1},
        )
        self.heard()

    @rule(
        data=st.data(),
        why=st.sampled_from(("declined", "missed")),
        go_last=st.booleans(),
    )
    def refuse(self, data: Any, why: str, go_last: bool) -> None:
        contact = self.some(data, (c for c in self.model.contacts.values() if c.st == "offered"))
        if contact is not None:
            self.let_pass(contact, why, go_last)

    def let_pass(self, contact: Contact, why: str, go_last: bool) -> None:
        offer, agent = contact.offer, contact.agent
        assert offer is not None
        assert agent is not None
        contact.st, contact.offer, contact.agent, contact.queued = "waiting", None, None, True
        contact.excluded[agent] = self.model.now + RETRY_MS
        self.drop(offer, restart=go_last)
        # they are placed again, and look, only when the contact has looked for another
        self.model.moved(contact)
        self.call("refuse", offer=offer, agent=agent, why=why, retry_ms=RETRY_MS, go_last=go_last)
        self.heard()

    @rule(data=st.data())
    def end(self, data: Any) -> None:
        contact = self.some(data, (c for c in self.model.contacts.values() if c.st != "ended"))
        if contact is None:
            return
        if contact.st == "offered":
            self.drop(contact.offer, restart=False)
        elif contact.st == "handling":
            agent = self.model.agents[contact.agent]
            agent.hands[contact.offer] = f"{contact.channel}/wrapup"
        contact.gen += 1
        contact.st = "ended"
        self.call("close", contact=contact.id, gen=contact.gen, queue=contact.queue, outcome="x")
        self.heard()

    @rule(data=st.data())
    def wrap_up(self, data: Any) -> None:
        held = [
            (agent, offer)
            for agent in self.model.agents.values()
            for offer, at in agent.hands.items()
            if at.endswith("/wrapup")
        ]
        if not held:
            return
        agent, offer = self.some(data, held)
        self.drop(offer, restart=True)
        self.call("release", agent=agent.id, offer=offer, contact=offer.split(".")[0])
        self.heard()

    # time

    @rule(seconds=st.sampled_from((1, 20, 45, 130)))
    def time_passes(self, seconds: int) -> None:
        self.turn(seconds * 1000)
        for late in self.call("due", limit=100, lease_ms=LEASE_MS).get("offers", ()):
            self.let_pass(self.model.contacts[late["contact"]], "missed", True)
        # one at a time, as the script does, so that the model follows
        while woken := self.due_now():
            contact = self.model.contacts[woken[0]]
            if contact.st == "waiting":
                self.model.moved(contact)
            self.call("wake", limit=1, lease_ms=LEASE_MS)
            self.heard()

    def due_now(self) -> list[str]:
        found: Any = self.redis.zrange(
            self.name("wake"), "-inf", str(self.model.now), byscore=True, offset=0, num=1
        )
        return list(found)

    # what must hold

    @invariant()
    def what_must_hold(self) -> None:
        if not hasattr(self, "model"):
            return
        model = self.model
        for contact, agent in model.unserved():
            raise AssertionError(f"{contact} waits although {agent} is idle")
        for agent in model.agents.values():
            fields: Any = self.redis.hgetall(self.name("agent", agent.id))
            hands: Any = self.redis.hgetall(self.name("hands", agent.id))
            assert {**hands, **agent.held_out()} == agent.hands, "load is what is held"
            assert (fields.get("offer") or None) == agent.offer
            load = by_channel(fields["load"])
            for channel in ("voice", "chat"):
                count = load[channel]
                assert count == agent.load(channel) <= agent.capacity[channel]
            assert len(agent.hands) <= agent.capacity.get("all", 99)
        for contact in model.contacts.values():
            live: Any = self.redis.hgetall(self.name("contact", contact.id))
            assert live["st"] == contact.st
            if contact.st in ("waiting", "offered"):
                assert int(live["step"]) == contact.step + 1
                rank = self.redis.zscore(self.name("order", contact.queue), contact.id)
                assert rank == (contact.effective if contact.queued else None)


def test_the_scripts_do_what_the_plain_model_says(live: str) -> None:
    Scripts.url = live
    Scripts.TestCase.settings = settings(
        max_examples=int(os.environ.get("SECONDLINE_MODEL_EXAMPLES", "60")),
        stateful_step_count=60,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    Scripts.TestCase().runTest()
