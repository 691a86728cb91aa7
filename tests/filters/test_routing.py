"""Filters at work: every name that they may use has its value when a contact is routed."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from router.channels.arrivals import Arrival
from router.channels.contacts import HandOver
from router.filters.vocabulary import BUILT_IN
from router.identity.people import Identity
from router.queues.presence import agent_changed
from tests.house import House

RULES = {
    "attributes": {"agent": {"author_value": "number"}, "contact": {"plan": "text"}},
}


@pytest.fixture
async def house_with_rules(house: House) -> House:
    await house.pool.execute("update workspace set policy = policy || $1", RULES)
    return house


async def ana(house: House) -> UUID:
    """An agent of whom everything is known that filters may name."""
    agent = await house.agent(
        "Ana", tier=2, languages=("en", "de"), skills=("router",), presence="offline"
    )
    async with house.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "update agent set levels = $2, qualifications = $3, tags = $4, location = $5,"
            " attributes = $6, rating_sum = 50, rating_count = 10 where id = $1",
            agent,
            {"router": 4, "de": 9},
            ["iso"],
            ["mentor"],
            {"country": "DE", "region": "NRW", "city": "Köln"},
            {"author_value": 7.5},
        )
        pending = await agent_changed(connection, house.workspace, agent)
    await house.outbox.apply(pending)
    return agent


def every(conditions: dict[str, str]) -> str:
    return " AND ".join(f"{name} {rest}" for name, rest in conditions.items())


async def test_everything_of_an_agent_that_filters_may_name_is_there(
    house_with_rules: House,
) -> None:
    house = house_with_rules
    agent = await ana(house)
    holding = {
        "agent.id": f'== "{agent}"',
        "agent.tier": "== 2",
        "agent.languages": 'HAS ["de", "en"]',
        "agent.skills": 'HAS "router"',
        "agent.rating": "== 4.5",  # a Bayesian mean
        "agent.ratings": "== 10",
        "agent.qualifications": 'HAS "iso"',
        "agent.tags": 'HAS "mentor"',
        "agent.location.country": '== "DE"',
        "agent.location.region": '== "NRW"',
        "agent.location.city": 'CONTAINS "Köln"',
    }
    assert set(holding) == {name for name in BUILT_IN if name.startswith("agent.")}
    holding |= {
        "agent.levels.router": ">= 4",
        "agent.levels.de": "== 9",
        "agent.attributes.author_value": "> 7",
    }
    await house.queue("customers", {"steps": [{"tiers": [1, 2], "filter": every(holding)}]})
    contact = await house.arrive()
    await house.contacts.set_presence(house.workspace, agent, "available")
    assert await house.offered(agent) == contact.id


async def test_everything_of_a_contact_that_filters_may_name_is_there(
    house_with_rules: House,
) -> None:
    house = house_with_rules
    agent = await ana(house)
    address = await house.pool.fetchval("select address from entry_point")
    await house.pool.execute(
        "update entry_point set menu = $1",
        [{"key": "1", "topic": "router", "label": {}, "skills": ["router"]}],
    )
    holding = {
        "contact.channel": '== "chat"',
        "contact.language": '== "de"',
        "contact.topic": '== "router"',
        "contact.role": '== "expert"',
        "contact.queue": '== "experts"',
        "contact.entry_point": f'== "{address}"',
        "contact.skills": 'HAS ["router"]',
        "contact.assurance": "== 3",
        "contact.priority": "== 7",
        "contact.network_size": "== 120",
    }
    assert set(holding) == {name for name in BUILT_IN if name.startswith("contact.")}
    holding |= {"contact.attributes.plan": '== "gold"'}
    policy = {"steps": [{"tiers": [2], "filter": every(holding) + " AND agent.tier == 2"}]}
    await house.queue("experts", policy)
    person = await house.person("Kim", network_size=120)

    async def arrive(**changed: Any) -> UUID:
        assert house.entry_point is not None
        arrival = {
            "workspace_id": house.workspace,
            "channel": "chat",
            "entry_point_id": house.entry_point,
            "provider_key": str(uuid4()),
            "identity": Identity(person, "expert", 3, "Kim", ("de",), 120),
            "language": "de",
            "topic": "router",
            "priority": 7,
            "attributes": {"plan": "gold"},
            **changed,
        }
        contact = await house.contacts.arrive(Arrival(**arrival))
        await house.kinds.settled(house.workspace)
        return contact.id

    await arrive(attributes={"plan": "basic"})
    await arrive(priority=6)
    await arrive(language="en")
    await arrive(topic=None)
    contact = await arrive()
    await house.contacts.set_presence(house.workspace, agent, "available")
    assert await house.offered(agent) == contact
    # rebuilt from the rows alone it is the same
    specs = await house.pool.fetch("select spec from kind order by spec")
    await house.rebuilder.rebuild(house.workspace)
    assert await house.pool.fetch("select spec from kind order by spec") == specs


async def test_a_contact_that_is_passed_on_is_of_its_new_queue(house: House) -> None:
    await house.queue(
        "experts",
        {"steps": [{"tiers": [2], "filter": 'contact.queue == "experts" AND agent.tier == 2'}]},
    )
    first = await house.agent("First")
    boss = await house.agent("Boss", tier=2)
    contact = await house.arrive()
    handling = await house.accept(first)
    hand_over = HandOver("beyond_me", "why?", "all")
    await house.contacts.escalate(house.workspace, first, handling.id, hand_over)
    assert await house.offered(boss) == contact.id


async def test_alike_contacts_share_a_kind_whatever_filters_looked_at(house: House) -> None:
    await house.queue(
        "customers",
        {"steps": [{"filter": "contact.attributes.plan != 'gold' OR agent.tier >= 2"}]},
    )
    for _ in range(3):
        await house.arrive()
    assert await house.pool.fetchval("select count(*) from kind") == 1
