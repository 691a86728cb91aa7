"""Who is asked among several, what is kept, and what a workspace's rules change about it."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

from router.channels.arrivals import Arrival
from router.identity.people import Identity
from router.queues.floor import Floor
from router.queues.keys import root
from tests.house import House


async def rules(house: House, **document: Any) -> None:
    """The workspace's rules, as an activation leaves them."""
    await house.pool.execute(
        "update workspace set policy = $2, rules_changed_at = now() where id = $1",
        house.workspace,
        document,
    )
    await house.contacts.follow_policies()


async def clock(house: House, seconds: float = 0) -> None:
    """The live store's clock from now on: it stands still, so much ahead."""
    now_ms = await house.engine.now_ms()
    await house.redis.set(root(house.workspace) + "clock", int(now_ms + seconds * 1000))


async def rated(house: House, name: str, *, band: int, ratings: int = 50, tier: int = 1) -> UUID:
    agent = await house.agent(name, tier=tier, presence="offline")
    await house.pool.execute(
        "update agent set band = $2, rating_count = $3::int, rating_sum = $3::int * 4"
        " where id = $1",
        agent,
        band,
        ratings,
    )
    await house.contacts.set_presence(house.workspace, agent, "available")
    return agent


async def asks(house: House, person: UUID, *, agent: UUID | None = None, role: str = "customer"):
    """A chat of this person, who may ask for an agent."""
    assert house.entry_point is not None
    contact = await house.contacts.arrive(
        Arrival(
            workspace_id=house.workspace,
            channel="chat",
            entry_point_id=house.entry_point,
            provider_key=str(uuid4()),
            identity=Identity(person_id=person, role=role, assurance=0, name=None, network_size=0),
            language="en",
            asked_agent=agent,
        )
    )
    await house.kinds.settled(house.workspace)
    return contact


async def pass_by(house: House, agent: UUID, count: int) -> None:
    """So many contacts that this agent serves; each returns them to the end of the idle."""
    for _ in range(count):
        await house.arrive()
        await house.serve(agent)


async def test_the_agent_that_a_person_asks_for_is_asked_before_who_is_idle_longer(house: House):
    await house.agent("Longest")
    asked = await house.agent("Asked")
    contact = await asks(house, await house.person("Kim"), agent=asked)
    assert await house.offered(asked) == contact.id


async def test_who_is_asked_for_and_is_not_there_keeps_nobody_waiting(house: House):
    away = await house.agent("Away", presence="offline")
    other = await house.agent("Other")
    contact = await asks(house, await house.person("Kim"), agent=away)
    assert await house.offered(other) == contact.id


async def test_a_contact_waits_for_its_agent_as_long_as_the_policy_says_and_no_longer(
    house: House,
):
    await house.queue("customers", {"choice": {"prefer_seconds": 60}})
    busy = await house.agent("Busy")
    await house.arrive()
    await house.accept(busy)
    other = await house.agent("Other")
    contact = await asks(house, await house.person("Kim"), agent=busy)
    assert await house.offered(other) is None, "the agent asked for is there, and busy"
    await clock(house, 61)
    await house.timers.wake(house.workspace)
    assert await house.offered(other) == contact.id


async def test_who_served_a_person_last_is_asked_first_for_as_many_days_as_the_policy_says(
    house: House,
):
    await house.queue("customers", {"choice": {"familiar_days": 7}})
    known, longer = await house.agent("Known"), await house.agent("Longer")
    person = await house.person("Kim")
    await asks(house, person, agent=known)
    # whoever has just worked is idle for the shortest time
    await house.serve(known)
    again = await asks(house, person)
    assert await house.offered(known) == again.id
    await house.serve(known)
    await house.pool.execute("update handling set accepted_at = now() - interval '8 days'")
    third = await asks(house, person)
    assert await house.offered(longer) == third.id, "too long ago"


async def test_an_expert_never_meets_tier_one_whom_they_ask_for_included(house: House):
    freelancer = await house.agent("Freelancer", tier=1)
    inhouse = await house.agent("House", tier=2)
    expert = await house.person("Nadia", network_size=50)
    contact = await asks(house, expert, agent=freelancer, role="expert")
    assert await house.offered(freelancer) is None
    assert await house.offered(inhouse) == contact.id


async def test_newcomers_get_their_share_where_the_best_rated_are_asked_first(house: House):
    await house.queue(
        "customers",
        {"steps": [{"strategy": "best_rated"}], "choice": {"newcomer_share": 1.0}},
    )
    await rated(house, "Loved", band=4)
    newcomer = await rated(house, "New", band=2, ratings=0)
    contact = await house.arrive()
    assert await house.offered(newcomer) == contact.id


async def test_whoever_speaks_more_languages_is_kept_for_those_who_need_them(house: House):
    await house.queue("customers", {"steps": [{"strategy": "least_scarce"}]})
    spanish = await house.agent("Both", languages=("en", "es"))
    english = await house.agent("English")
    await house.arrive(language="es")  # the kind is known from here on
    await house.serve(spanish)
    for _ in range(2):  # the second time the other one has been idle longer
        contact = await house.arrive()
        assert await house.offered(english) == contact.id
        await house.serve(english)
    other = await house.arrive(language="es")
    assert await house.offered(spanish) == other.id


async def test_who_is_idle_longest_is_passed_over_so_often_and_no_more(house: House):
    await house.queue(
        "customers",
        {
            "steps": [{"strategy": "best_rated"}],
            "choice": {"pass_over_most": 3, "newcomer_share": 0},
        },
    )
    plain = await rated(house, "Plain", band=1)
    loved = await rated(house, "Loved", band=4)
    await pass_by(house, loved, 3)
    fourth = await house.arrive()
    assert await house.offered(plain) == fourth.id


async def test_chance_asks_everybody_in_time(house: House):
    await house.queue("customers", {"steps": [{"strategy": "random"}]})
    agents = {await house.agent(f"A{n}") for n in range(3)}
    asked = set()
    for _ in range(40):
        contact = await house.arrive()
        for agent in agents:
            if await house.offered(agent) == contact.id:
                asked.add(agent)
        await house.contacts.end(house.workspace, contact.id, outcome="abandoned", by="person")
    assert asked == agents


async def test_a_share_of_the_house_is_kept_for_experts_and_given_back_when_it_rises(
    house: House,
):
    await house.queue("customers", {"steps": [{"tiers": [1, 2]}]})
    await rules(house, reserve_share=0.5)
    first = await house.agent("First", tier=2)
    second = await house.agent("Second", tier=2)
    one = await house.arrive()
    assert await house.offered(first) == one.id
    two = await house.arrive()
    assert await house.offered(second) is None, "kept, although two is waiting"
    expert = await house.arrive(role="expert")
    assert await house.offered(second) == expert.id, "whom it is kept for"
    await house.accept(second)
    third = await house.agent("Third", tier=2)
    assert await house.offered(third) is None
    fourth = await house.agent("Fourth", tier=2)
    assert {await house.offered(third), await house.offered(fourth)} == {None}, "two of four"
    fifth = await house.agent("Fifth", tier=2)
    assert await house.offered(fifth) is None, "three of five"
    sixth = await house.agent("Sixth", tier=2)
    offered = {await house.offered(agent) for agent in (third, fourth, fifth, sixth)}
    assert two.id in offered, "the reserve has risen"


async def test_whom_the_reserve_held_back_looks_again_when_others_come(house: House):
    """They could not serve it themselves, and yet there are more for experts now."""
    await house.queue("customers", {"steps": [{"tiers": [1, 2]}]})
    await rules(house, reserve_share=0.5)
    first, second = await house.agent("First", tier=2), await house.agent("Second", tier=2)
    await house.arrive()
    held_back = await house.arrive()
    offered = {await house.offered(agent) for agent in (first, second)}
    assert held_back.id not in offered
    for n in range(3):
        await house.agent(f"German-{n}", tier=2, languages=("de",))
    offered = {await house.offered(agent) for agent in (first, second)}
    assert held_back.id in offered


async def test_the_reserve_keeps_nothing_from_customers_where_freelancers_are_free(house: House):
    await house.queue("customers", {"steps": [{"tiers": [1, 2]}]})
    await rules(house, reserve_share=1.0)
    await house.agent("House", tier=2)
    freelancer = await house.agent("Freelancer", tier=1)
    contact = await house.arrive()
    assert await house.offered(freelancer) == contact.id


async def test_a_bound_on_all_channels_together_holds(house: House):
    agent = await house.agent("Ana", capacity={"voice": 1, "chat": 3, "video": 1, "all": 2})
    for _ in range(3):
        await house.arrive()
    await house.accept(agent)
    await house.accept(agent)
    assert await house.offer(agent) is None


async def test_a_chat_is_interrupted_by_a_call_unless_the_rules_say_no(house: House):
    agent = await house.agent("Ana", capacity={"voice": 1, "chat": 3, "video": 1})
    await house.arrive()
    await house.accept(agent)
    call = await house.arrive(channel="voice")
    assert await house.offered(agent) == call.id
    await house.contacts.end(house.workspace, call.id, outcome="abandoned", by="person")
    await rules(house, blocks={"chat": ["voice"]})
    await house.arrive(channel="voice")
    assert await house.offer(agent) is None


async def test_whoever_declines_goes_to_the_end_of_the_idle(house: House):
    picky, other = await house.agent("Picky"), await house.agent("Other")
    third = await house.agent("Third")
    await house.arrive()
    offer = await house.offer(picky)
    assert offer is not None
    await house.contacts.decline(house.workspace, picky, offer["offer"])
    await house.serve(other)
    contact = await house.arrive()
    assert await house.offered(third) == contact.id
    contact = await house.arrive()
    assert await house.offered(picky) == contact.id, "idle since the decline, before the others"


async def test_a_step_that_nobody_there_could_serve_is_skipped_at_once(house: House):
    await house.queue(
        "customers",
        {"steps": [{"tiers": [3], "skip": True, "seconds": 600}, {"tiers": [1]}]},
    )
    agent = await house.agent("Ana")
    contact = await house.arrive()
    assert await house.offered(agent) == contact.id
    # with somebody of that tier there, it is not skipped
    await house.serve(agent)
    await house.agent("Special", tier=3, presence="break")
    waits = await house.arrive()
    assert await house.offer(agent) is None
    assert (await house.contacts.standing(waits)).state == "waiting"


async def test_a_step_with_a_head_start_goes_ahead_of_who_came_before(house: House):
    await house.queue(
        "customers",
        {
            "steps": [
                {"skip": True, "seconds": 600},
                {"skills": False, "head_start_seconds": 600},
            ]
        },
    )
    agent = await house.agent("Ana")
    await house.arrive()
    await house.accept(agent)
    before = await house.arrive()
    # nobody has that skill: in the second step at once
    younger = await house.arrive(skills=("fibre",))
    held = await house.pool.fetchrow("select id, contact_id from handling")
    await house.contacts.end(house.workspace, held["contact_id"], outcome="completed", by="agent")
    await house.contacts.wrap_up(house.workspace, agent, held["id"], "resolved")
    assert await house.serve(agent) == younger.id
    assert await house.offered(agent) == before.id


async def test_a_contact_that_nobody_can_serve_is_counted_at_once_and_found_when_one_comes(
    house: House,
):
    floor = Floor(house.redis, house.engine)
    contacts = [await house.arrive(language="pt") for _ in range(3)]
    await house.arrive(language="en")
    await house.agent("English")
    row = (await floor.queues(house.workspace, [house.queues["customers"]], "2027-01-01"))[0]
    assert row["unservable"] == 3
    agent = await house.agent("Portuguese", languages=("pt",))
    assert await house.offered(agent) == contacts[0].id
    row = (await floor.queues(house.workspace, [house.queues["customers"]], "2027-01-01"))[0]
    assert row["unservable"] == 0


async def test_kinds_that_fell_out_of_use_are_forgotten_and_made_again(house: House):
    agent = await house.agent("Ana")
    await house.arrive()
    await house.serve(agent)
    before = await house.pool.fetchval("select count(*) from kind")
    await house.pool.execute("update kind set used_at = now() - interval '30 days'")
    assert await house.kinds.collect() == before
    contact = await house.arrive()
    assert await house.offered(agent) == contact.id


async def test_more_kinds_than_allowed_wait_until_others_fall_out_of_use(house: House):
    await rules(house, kinds_most=10)
    skills = tuple(f"s{n}" for n in range(12))
    agent = await house.agent("Ana", skills=skills, capacity={"chat": 20})
    for skill in skills:
        await house.arrive(skills=(skill,))
    built = await house.pool.fetchval("select count(*) from kind where built_at is not null")
    assert built == 10
    assert await house.pool.fetchval("select count(*) from kind where built_at is null") == 2
    await house.pool.execute(
        "update kind set used_at = now() - interval '3 hours' where built_at is not null"
    )
    while await house.kinds.build(house.workspace):
        pass
    assert await house.pool.fetchval("select count(*) from kind where built_at is null") == 0
    assert await house.offer(agent) is not None


async def test_everybody_told_of_a_kind_at_once_is_asked_longest_idle_first(house: House):
    agents = [await house.agent(f"A{n}", skills=("rare",)) for n in range(5)]
    contacts = await asyncio.gather(*(house.arrive(skills=("rare",)) for _ in range(3)))
    offered = [await house.offered(agent) for agent in agents]
    assert set(offered[:3]) == {contact.id for contact in contacts}
    assert offered[3:] == [None, None]
