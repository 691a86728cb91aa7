"""A contact's routing as it is told: where it stands, who could, who was chosen and why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from router.errors import Rebuilding
from router.explanations.facts import Count, Offered, Waiting
from router.explanations.reader import Explanations
from router.explanations.summary import asked_for, chosen, standing
from router.queues.keys import epoch_key
from tests.house import House
from tests.web.service import Service


async def told(house: House, contact: Any) -> tuple[Waiting, list[Offered]]:
    return await Explanations(house.pool, house.engine).contact(house.workspace, contact.id)


async def says(house: House, contact: Any) -> str:
    return standing((await told(house, contact))[0])


async def test_who_could_and_who_is_free_is_counted_for_each_step(house: House) -> None:
    await house.queue(
        "customers", {"steps": [{"tiers": [2], "seconds": 30}, {"tiers": [1, 2], "skills": False}]}
    )
    for n in range(3):
        await house.agent(f"A{n}", tier=1)
    busy = await house.agent("Busy", tier=2, skills=("router",))
    first = await house.arrive(skills=("router",))
    await house.accept(busy)
    contact = await house.arrive(skills=("router",))
    waiting, offers = await told(house, contact)
    assert offers == []
    assert (waiting.state, waiting.step, waiting.position) == ("waiting", 1, 1)
    assert [(s.count.signed_in, s.count.free, s.from_ms) for s in waiting.steps] == [
        (1, 0, 0),
        (4, 3, 30_000),
    ]
    assert waiting.steps[0].requirement is not None
    assert asked_for(waiting.steps[0].requirement) == "tier 2; speaks en; skilled in router"
    assert standing(waiting) == "1 agent signed in could serve it; none of them is free."
    assert await says(house, first) == "It is in the hands of Busy."


async def test_of_very_many_sorts_of_agents_some_are_counted_and_said_to_be(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.explanations.live.CLASSES_SEEN", 1)
    # what this one asks for makes two sorts of agents
    await house.arrive(language="de", channel="voice")
    await house.agent("Ana", languages=("en",), presence="break")
    await house.agent("Ben", languages=("en", "de"), presence="break")
    contact = await house.arrive()
    waiting, _ = await told(house, contact)
    assert waiting.steps[0].count == Count(2, 0, exact=False)
    assert (await says(house, contact)).startswith("About 2 agents signed in could serve it")


async def test_nothing_is_told_of_a_picture_that_is_being_made_anew(house: House) -> None:
    contact = await house.arrive()
    await house.redis.set(epoch_key(house.workspace), "rebuilding:9")
    with pytest.raises(Rebuilding):
        await told(house, contact)


async def test_nobody_signed_in_is_told_as_such(house: House) -> None:
    contact = await house.arrive(language="pt")
    assert await says(house, contact) == "Nobody who is signed in could serve it, in any step."
    await house.queue("customers", {"steps": [{"tiers": [3]}, {"tiers": [1]}]})
    await house.agent("Ana")
    other = await house.arrive()
    assert "some could from step 2 on" in await says(house, other)


async def test_a_new_requirement_is_told_as_such(house: House) -> None:
    contact = await house.arrive()
    await house.pool.execute("update kind set built_at = null")
    assert "agents are being looked up" in await says(house, contact)


async def test_an_open_offer_says_to_whom_and_why(house: House) -> None:
    await house.agent("Ana")
    contact = await house.arrive()
    waiting, offers = await told(house, contact)
    assert standing(waiting) == "It is offered to Ana."
    assert [(o.agent.name, o.outcome, o.at) for o in offers] == [("Ana", "offered", None)]
    assert offers[0].why["step"] == 1
    assert (chosen(offers[0].why, waiting.now_ms) or "").startswith("was idle longest")


async def test_who_declined_stays_in_the_story_with_why_they_were_asked(house: House) -> None:
    ana = await house.agent("Ana")
    ben = await house.agent("Ben")
    contact = await house.arrive()
    offer = await house.offer(ana)
    assert offer is not None
    await house.contacts.decline(house.workspace, ana, offer["offer"])
    await house.accept(ben)
    waiting, offers = await told(house, contact)
    assert waiting.with_agent is not None
    assert waiting.with_agent.name == "Ben"
    assert [(o.agent.name, o.outcome) for o in offers] == [
        ("Ana", "declined"),
        ("Ben", "accepted"),
    ]
    assert [o.why.get("why") for o in offers] == ["longest_idle", "longest_idle"]
    assert all(o.why["step"] == 1 for o in offers)


async def test_free_agents_who_let_it_pass_are_told_apart_from_those_who_could(
    house: House,
) -> None:
    ana = await house.agent("Ana")
    contact = await house.arrive()
    offer = await house.offer(ana)
    assert offer is not None
    await house.contacts.decline(house.workspace, ana, offer["offer"])
    waiting, _ = await told(house, contact)
    assert [(d.agent.name, d.outcome) for d in waiting.declined] == [("Ana", "declined")]
    assert standing(waiting) == (
        "1 agent signed in could serve it; those who are free let it pass of late."
    )


async def test_the_reserve_is_told(house: House) -> None:
    await house.queue("customers", {"steps": [{"tiers": [1, 2]}]})
    await house.agent("Ana", tier=2)
    await house.engine.run(house.workspace, "reserve", {"share": 0.5})
    contact = await house.arrive()
    assert await says(house, contact) == (
        "1 agent signed in could serve it; those who are free are kept for experts."
    )


async def test_a_contact_that_is_over_keeps_its_story(house: House) -> None:
    ana = await house.agent("Ana")
    contact = await house.arrive()
    await house.serve(ana)
    waiting, offers = await told(house, contact)
    assert standing(waiting) == "It is over: completed."
    assert waiting.steps == ()
    assert [(o.agent.name, o.outcome) for o in offers] == [("Ana", "accepted")]


async def test_a_head_start_and_the_preferred_agent_are_told(house: House) -> None:
    ana = await house.agent("Ana")
    contact = await house.arrive()
    handling = await house.accept(ana)
    await house.contacts.set_presence(house.workspace, ana, "break", "lunch")
    await house.contacts.release(handling.id)
    waiting, _ = await told(house, contact)
    assert waiting.preferred is not None
    assert waiting.preferred.agent.name == "Ana"
    assert waiting.head_start_ms == 30 * 60 * 1000


async def test_supervisors_read_it_and_agents_do_not(service: Service, house: House) -> None:
    ana = await house.agent("Ana", skills=("router",))
    contact = await house.arrive(skills=("billing",))
    boss = await service.account("supervisor")
    path = f"/api/contacts/{contact.id}/explanation"
    status, whole = await service.call("GET", path, by=boss)
    assert status == 200
    assert (whole["state"], whole["step"], whole["position"]) == ("waiting", 1, 1)
    assert whole["standing"] == "Nobody who is signed in could serve it, in any step."
    assert whole["steps"][0]["asks"] == "tier 1; speaks en; skilled in billing"
    assert (whole["steps"][0]["signed_in"], whole["steps"][0]["free"]) == (0, 0)
    status, one = await service.call("GET", f"{path}/{ana}", by=boss)
    assert (status, one["verdict"]) == (
        200,
        "Skills asked for: “billing”; they lack “billing”.",
    )
    assert [check["code"] for check in one["checks"] if not check["passes"]] == ["skills"]
    for address in (path, f"{path}/{ana}"):
        assert (await service.call("GET", address, by=ana))[0] == 403
        assert (await service.call("GET", address))[0] == 401
    missing = UUID(int=0)
    assert (await service.call("GET", f"/api/contacts/{missing}/explanation", by=boss))[0] == 404
    assert (await service.call("GET", f"{path}/{missing}", by=boss))[0] == 404
