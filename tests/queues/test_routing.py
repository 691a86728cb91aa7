"""Who is offered what, when, and what becomes of it."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from router.channels.contacts import HandOver
from router.errors import Conflict, Gone
from tests.house import House, until


async def test_a_contact_that_arrives_is_offered_to_the_agent_idle_longest(house: House) -> None:
    first = await house.agent("First")
    second = await house.agent("Second")
    one, two = await house.arrive(), await house.arrive()
    assert await house.offered(first) == one.id
    assert await house.offered(second) == two.id


async def test_an_agent_who_becomes_free_gets_the_oldest_and_not_the_newest(house: House) -> None:
    waiting = [await house.arrive() for _ in range(5)]
    agent = await house.agent("Ana")
    served = [await house.serve(agent) for _ in range(5)]
    assert served == [contact.id for contact in waiting]


async def test_who_has_just_worked_goes_behind_those_idle_longer(house: House) -> None:
    first = await house.agent("First")
    second = await house.agent("Second")
    await house.arrive()
    await house.serve(first)
    contact = await house.arrive()
    assert await house.offered(second) == contact.id


async def test_a_burst_rings_every_idle_agent_and_not_one_alone(house: House) -> None:
    agents = [await house.agent(f"A{n}") for n in range(5)]
    contacts = await asyncio.gather(*(house.arrive() for _ in range(5)))
    offered = {await house.offered(agent) for agent in agents}
    assert offered == {contact.id for contact in contacts}


async def test_an_expert_goes_to_the_second_level_and_never_to_tier_one(house: House) -> None:
    freelancer = await house.agent("Freelancer", tier=1)
    expert = await house.arrive(role="expert", network_size=120)
    assert await house.offered(freelancer) is None
    inhouse = await house.agent("House", tier=2)
    assert await house.offered(inhouse) == expert.id


async def test_experts_never_meet_tier_one_whatever_the_policy_says(house: House) -> None:
    await house.queue("experts", {"steps": [{"tiers": [1, 2]}, {"tiers": [1]}]})
    freelancer = await house.agent("Freelancer", tier=1)
    await house.arrive(role="expert")
    assert await house.offered(freelancer) is None


async def test_an_expert_is_ahead_of_customers_who_came_before(house: House) -> None:
    await house.queue("customers", {"steps": [{"tiers": [1, 2]}]})
    customer = await house.arrive()
    expert = await house.arrive(role="expert", network_size=120)
    agent = await house.agent("House", tier=2)
    assert await house.serve(agent) == expert.id
    assert await house.offered(agent) == customer.id


async def test_language_and_skills_decide_who_is_asked(house: House) -> None:
    english = await house.agent("English", skills=("router",))
    german = await house.agent("German", languages=("de",), skills=("router", "fibre"))
    fibre = await house.arrive(language="de", skills=("fibre",))
    assert await house.offered(german) == fibre.id
    assert await house.offered(english) is None


async def test_a_contact_nobody_can_serve_holds_up_nobody_behind_it(house: House) -> None:
    stuck = await house.arrive(language="pt")
    served = await house.arrive()
    agent = await house.agent("Ana")
    assert await house.offered(agent) == served.id
    standing = await house.contacts.standing(stuck)
    assert not standing.servable
    assert standing.expected_wait_s is None


async def test_a_declined_contact_goes_to_another_with_its_age(house: House) -> None:
    first = await house.agent("First")
    contact = await house.arrive()
    behind = await house.arrive()
    offer = await house.offer(first)
    assert offer is not None
    await house.contacts.decline(house.workspace, first, offer["offer"])
    assert await house.offered(first) == behind.id, "who declined looks past it"
    second = await house.agent("Second")
    assert await house.offered(second) == contact.id
    await house.contacts.decline(house.workspace, first, offer["offer"])  # a repeat does nothing


async def test_a_missed_offer_makes_the_agent_not_ready_and_moves_on(house: House) -> None:
    await house.queue("customers", {"offer_seconds": {"chat": 5}})
    sleepy = await house.agent("Sleepy")
    contact = await house.arrive()
    other = await house.agent("Other")
    house.timers.start()

    async def moved() -> bool:
        return await house.offered(other) == contact.id

    await until(moved, "the missed contact reaches the other agent", 12)
    assert (await house.live_agent(sleepy))["st"] == "break"
    row = await house.pool.fetchrow("select * from agent where id = $1", sleepy)
    assert (row["presence"], row["presence_reason"]) == ("break", "missed")
    assert (
        await house.pool.fetchval("select outcome from offer where contact_id = $1", contact.id)
        == "missed"
    )


async def test_two_agents_cannot_accept_one_contact(house: House) -> None:
    agent = await house.agent("Ana")
    other = await house.agent("Bea")
    await house.arrive()
    offer = await house.offer(agent)
    assert offer is not None
    with pytest.raises(Gone):
        await house.contacts.accept(house.workspace, other, offer["offer"])
    handling = await house.contacts.accept(house.workspace, agent, offer["offer"])
    again = await house.contacts.accept(house.workspace, agent, offer["offer"])
    assert handling.id == again.id


async def test_a_stale_offer_loses_in_the_truth_and_the_agent_is_free_again(house: House) -> None:
    agent = await house.agent("Ana")
    contact = await house.arrive()
    offer = await house.offer(agent)
    assert offer is not None
    # the truth moved on and the live store did not hear of it: a lost script
    await house.pool.execute(
        "update contact set generation = generation + 1 where id = $1", contact.id
    )
    with pytest.raises(Gone):
        await house.contacts.accept(house.workspace, agent, offer["offer"])
    assert (await house.live_agent(agent)).get("n:chat") == "0"


async def test_load_never_exceeds_capacity_and_a_call_blocks_video(house: House) -> None:
    agent = await house.agent("Ana", capacity={"voice": 1, "chat": 2, "video": 1})
    call = await house.arrive(channel="voice")
    assert (await house.accept(agent)).contact_id == call.id
    await house.arrive(channel="video")
    chats = [await house.arrive() for _ in range(3)]
    assert (await house.accept(agent)).contact_id == chats[0].id
    assert (await house.accept(agent)).contact_id == chats[1].id
    assert await house.offer(agent) is None, "two chats and a call are all that fits"


async def test_an_agent_is_free_only_after_wrap_up(house: House) -> None:
    agent = await house.agent("Ana")
    contact = await house.arrive()
    handling = await house.accept(agent)
    second = await house.arrive()
    await house.contacts.end(house.workspace, contact.id, outcome="completed", by="person")
    assert await house.offer(agent) is None
    with pytest.raises(Conflict):
        await house.contacts.escalate(
            house.workspace, agent, handling.id, HandOver("other", "a", "b")
        )
    await house.contacts.wrap_up(house.workspace, agent, handling.id, "resolved")
    await house.contacts.wrap_up(house.workspace, agent, handling.id, "resolved")
    assert await house.offered(agent) == second.id


async def test_a_wrap_up_ends_by_itself_at_its_limit(house: House) -> None:
    await house.queue("customers", {"wrap_up_seconds": 1})
    agent = await house.agent("Ana")
    contact = await house.arrive()
    await house.accept(agent)
    await house.contacts.end(house.workspace, contact.id, outcome="completed", by="agent")
    house.timers.start()

    async def free() -> bool:
        return (await house.live_agent(agent))["shown"] == "available"

    await until(free, "the wrap-up is over")


async def test_escalation_keeps_the_original_arrival_and_hands_over(house: House) -> None:
    freelancer = await house.agent("Freelancer")
    inhouse = await house.agent("House", tier=2)
    contact = await house.arrive()
    handling = await house.accept(freelancer)
    moved = await house.contacts.escalate(
        house.workspace, freelancer, handling.id, HandOver("complex", "Why?", "A restart")
    )
    assert moved.arrived_at == contact.arrived_at
    assert await house.offered(inhouse) == contact.id
    second = await house.accept(inhouse)
    assert second.contact_id == contact.id
    assert (await house.live_agent(freelancer))["shown"] == "wrapup"
    entries = await house.conversations.read(house.workspace, contact.id, 0, staff=True)
    assert {"reason": "complex", "asked": "Why?", "tried": "A restart"} in [
        entry.data for entry in entries
    ]
    seen = await house.conversations.read(house.workspace, contact.id, 0, staff=False)
    assert "A restart" not in str(seen), "the customer does not read it"


async def test_a_contact_that_leaves_takes_its_offer_back(house: House) -> None:
    agent = await house.agent("Ana")
    contact = await house.arrive()
    behind = await house.arrive()
    offer = await house.offer(agent)
    assert offer is not None
    await house.contacts.end(house.workspace, contact.id, outcome="abandoned", by="person")
    assert await house.offered(agent) == behind.id
    assert (
        await house.pool.fetchval("select outcome from offer where id = $1", offer["offer"])
        == "withdrawn"
    )
    with pytest.raises(Gone):
        await house.contacts.accept(house.workspace, agent, offer["offer"])
    ended = await house.contacts.end(house.workspace, contact.id, outcome="completed", by="agent")
    assert ended.outcome == "abandoned", "the first outcome absorbs"


async def test_a_lost_agent_gives_the_contact_back_to_the_front(house: House) -> None:
    first = await house.agent("First")
    contact = await house.arrive()
    handling = await house.accept(first)
    older = await house.arrive()
    await house.contacts.release(handling.id)
    await house.contacts.release(handling.id)
    assert await house.offered(first) == contact.id, "the same agent is asked first"
    second = await house.agent("Second")
    assert await house.offered(second) == older.id


async def test_the_next_step_widens_who_is_asked(house: House) -> None:
    await house.queue(
        "customers",
        {"steps": [{"tiers": [1], "skills": True, "seconds": 1}, {"tiers": [1], "skills": False}]},
    )
    agent = await house.agent("Generalist")
    contact = await house.arrive(skills=("fibre",))
    assert await house.offer(agent) is None
    house.timers.start()

    async def offered() -> bool:
        return await house.offered(agent) == contact.id

    await until(offered, "the second step reaches the generalist")


async def test_a_repeat_of_an_arrival_is_the_same_contact(house: House) -> None:
    key = str(uuid4())
    found = await asyncio.gather(*(house.arrive(key=key) for _ in range(8)))
    assert len({contact.id for contact in found}) == 1


async def test_a_position_told_never_gets_worse(house: House) -> None:
    await house.queue("experts", {"steps": [{"tiers": [2]}]})
    contact = await house.arrive(role="expert")
    assert (await house.contacts.standing(contact, told=True)).position == 1
    await house.arrive(role="expert", network_size=200)
    contact = await house.contacts.get(house.workspace, contact.id)
    standing = await house.contacts.standing(contact, told=True)
    assert standing.position == 1


async def test_an_agent_on_a_break_is_not_offered_anything(house: House) -> None:
    agent = await house.agent("Ana")
    await house.contacts.set_presence(house.workspace, agent, "break", "lunch")
    contact = await house.arrive()
    assert await house.offer(agent) is None
    await house.contacts.set_presence(house.workspace, agent, "available")
    assert await house.offered(agent) == contact.id


async def test_a_new_kind_finds_agents_who_are_already_signed_in(house: House) -> None:
    agent = await house.agent("Polyglot", languages=("en", "pt", "ru"))
    contact = await house.arrive(language="ru")
    assert await house.offered(agent) == contact.id


async def test_the_least_loaded_agent_is_asked_first_where_the_policy_says_so(
    house: House,
) -> None:
    await house.queue("customers", {"steps": [{"tiers": [1], "strategy": "least_loaded"}]})
    busy = await house.agent("Busy", capacity={"chat": 3})
    await house.arrive()
    await house.accept(busy)
    idle = await house.agent("Idle", capacity={"chat": 3})
    contact = await house.arrive()
    assert await house.offered(idle) == contact.id


async def test_the_best_rated_agent_is_asked_first_where_the_policy_says_so(house: House) -> None:
    await house.queue("customers", {"steps": [{"tiers": [1], "strategy": "best_rated"}]})
    await house.agent("Usual")
    loved = await house.agent("Loved", presence="offline")
    await house.pool.execute("update agent set band = 4 where id = $1", loved)
    await house.contacts.set_presence(house.workspace, loved, "available")
    contact = await house.arrive()
    assert await house.offered(loved) == contact.id


async def test_who_passed_a_contact_on_is_not_asked_for_it_again(house: House):
    await house.queue("experts", {"steps": [{"tiers": [1, 2], "skills": False}]})
    first = await house.agent("First")
    contact = await house.arrive()
    handling = await house.accept(first)
    await house.contacts.escalate(
        house.workspace, first, handling.id, HandOver("too hard", "all", "much")
    )
    await house.contacts.wrap_up(house.workspace, first, handling.id, "unresolved")
    assert await house.offered(first) is None
    second = await house.agent("Second")
    assert await house.offered(second) == contact.id
