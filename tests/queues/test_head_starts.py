"""Who counts as older than they are, by how much, and that nobody is overtaken for ever."""

from __future__ import annotations

import dataclasses
import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.channels.contacts import Arrival, Contact
from router.channels.handlings import HandOver
from router.identity.people import Identity
from router.queues.head_starts import Claim, head_start_seconds
from router.queues.policy import Policy, parse
from tests.house import House

claims = st.builds(
    Claim,
    role=st.sampled_from(["expert", "customer"]),
    network_size=st.integers(0, 100_000),
    priority=st.integers(0, 9),
    escalations=st.integers(0, 20),
    repeats=st.integers(0, 100),
    promised=st.booleans(),
)
seconds = st.integers(0, 10_000)
policies = st.builds(
    lambda **parts: parse(
        {
            "head_start_seconds": parts.pop("own"),
            "expert_head_start_seconds": parts.pop("expert"),
            "network_cap": parts.pop("cap"),
            "head_starts": parts,
        }
    ),
    own=seconds,
    expert=seconds,
    cap=st.integers(0, 1000),
    priority_seconds=seconds,
    escalation_seconds=seconds,
    promise_seconds=seconds,
    repeat_seconds=seconds,
    repeat_cap=st.integers(1, 100),
    most_seconds=st.integers(0, 100_000),
)


def test_a_head_start_is_the_sum_that_one_works_out_by_hand() -> None:
    policy = parse(
        {"head_starts": {"escalation_seconds": 60, "repeat_seconds": 10, "repeat_cap": 4}}
    )

    def of(**parts: Any) -> float:
        return head_start_seconds(policy, Claim(**({"role": "customer"} | parts)))

    assert of() == 0
    assert of(priority=3) == 3 * 300
    assert of(escalations=2) == 2 * 60
    assert [of(repeats=n) for n in (1, 4, 5)] == [10, 40, 40]
    assert of(promised=True) == 900
    assert of(network_size=120) == 0, "a customer's network is nobody's"
    assert of(role="expert", network_size=120) == 1800 + 120
    assert of(role="expert", network_size=5000) == 1800 + 300, "up to the cap"
    assert of(role="expert", network_size=120, priority=1, escalations=1, repeats=1) == (
        1920 + 300 + 60 + 10
    )
    assert of(role="expert", network_size=300, priority=9, escalations=90) == 7200, "the most"


@given(policies, claims)
def test_no_head_start_is_negative_or_above_the_most(policy: Policy, claim: Claim) -> None:
    assert 0 <= head_start_seconds(policy, claim) <= policy.head_starts.most_seconds


@given(policies, claims, st.sampled_from(["network_size", "priority", "escalations", "repeats"]))
def test_a_greater_claim_is_never_a_smaller_head_start(
    policy: Policy, claim: Claim, name: str
) -> None:
    more = dataclasses.replace(claim, **{name: getattr(claim, name) + 1})
    assert head_start_seconds(policy, more) >= head_start_seconds(policy, claim)


# As contacts come ------------------------------------------------------------------------


async def arrive(house: House, person: UUID | None = None, **parts: Any) -> Contact:
    person = person or await house.person("Somebody")
    identity = Identity(person_id=person, role="customer", assurance=0, name=None, network_size=0)
    assert house.entry_point is not None
    made = await house.contacts.arrive(
        Arrival(house.workspace, "chat", house.entry_point, str(uuid4()), identity, "en", **parts)
    )
    await house.kinds.settled(house.workspace)
    return made


async def ahead(house: House, contact: UUID) -> float:
    start: timedelta = await house.pool.fetchval(
        "select head_start from contact where id = $1", contact
    )
    return start.total_seconds()


async def test_the_tenth_call_in_a_row_goes_ahead_of_a_first_one(house: House):
    await house.queue(
        "customers",
        {"head_starts": {"repeat_seconds": 60, "repeat_days": 2, "repeat_cap": 9}},
    )
    person = await house.person("Again")
    for n in range(12):
        contact = await arrive(house, person)
        assert await ahead(house, contact.id) == 60 * min(n, 9)
        await house.contacts.end(house.workspace, contact.id, outcome="abandoned", by="person")
    first, tenth = await arrive(house), await arrive(house, person)
    agent = await house.agent("Ana")
    assert await house.offered(agent) == tenth.id
    assert await house.serve(agent) == tenth.id
    assert await house.offered(agent) == first.id
    # what was long ago counts no more
    await house.pool.execute("update contact set arrived_at = arrived_at - interval '3 days'")
    assert await ahead(house, (await arrive(house, person)).id) == 0


async def test_priority_goes_ahead_by_so_many_minutes_and_no_more(house: House):
    old, urgent = await arrive(house), await arrive(house, priority=2)
    older = await arrive(house)
    await house.pool.execute(
        "update contact set arrived_at = arrived_at - interval '11 minutes' where id = $1", older.id
    )
    await house.redis.flushall()
    await house.rebuilder.ensure(house.workspace)
    agent = await house.agent("Ana")
    assert [await house.serve(agent) for _ in range(3)] == [older.id, urgent.id, old.id]


async def test_whoever_is_passed_on_goes_ahead_in_the_house_each_time(house: House):
    steps = [{"tiers": [1, 2], "skills": False}]
    rules = {"head_starts": {"escalation_seconds": 120}}
    await house.queue("experts", {"steps": steps, "escalates_to": "experts"} | rules)
    contact = await arrive(house)
    for n in (1, 2):
        agent = await house.agent(f"Agent-{n}", tier=n)
        handling = await house.accept(agent)
        await house.contacts.escalate(
            house.workspace, agent, handling.id, HandOver("too hard", "all", "much")
        )
        assert await ahead(house, contact.id) == n * 120
        await house.contacts.wrap_up(house.workspace, agent, handling.id, "unresolved")
        await house.contacts.set_presence(house.workspace, agent, "offline")


MOST = 600


@pytest.mark.parametrize("seed", range(3))
async def test_nobody_is_overtaken_by_who_came_more_than_the_most_after_them(
    house: House, seed: int
):
    """Whatever claims people have, and in every step: in the order in which they are served."""
    chance = random.Random(seed)
    await house.queue(
        "customers",
        {
            "head_starts": {"most_seconds": MOST, "priority_seconds": 100, "repeat_seconds": 50},
            "head_start_seconds": 30,
            "steps": [
                # whoever has just come counts as older than who waits already
                {"tiers": [1], "seconds": 600, "head_start_seconds": 5000},
                {"tiers": [1]},
            ],
        },
    )
    people = [await house.person(f"P{n}") for n in range(6)]
    contacts = [
        (await arrive(house, chance.choice(people), priority=chance.randint(0, 9))).id
        for _ in range(25)
    ]
    for contact in contacts:
        await house.pool.execute(
            "update contact set arrived_at = arrived_at - $2::interval, line_at = line_at - $2"
            " where id = $1",
            contact,
            timedelta(seconds=chance.uniform(0, 1500)),
        )
    came = {
        row["id"]: row["arrived_at"]
        for row in await house.pool.fetch("select id, arrived_at from contact")
    }
    await house.redis.flushall()
    await house.rebuilder.ensure(house.workspace)
    await house.timers.wake(house.workspace)
    agent = await house.agent("Ana")
    served = [await house.serve(agent) for _ in contacts]
    assert set(served) == set(contacts)
    assert served != sorted(served, key=came.__getitem__), "somebody is overtaken"
    for place, contact in enumerate(served):
        for later in served[place + 1 :]:
            overtaken_by = (came[contact] - came[later]).total_seconds()
            assert overtaken_by <= MOST, (place, overtaken_by)
