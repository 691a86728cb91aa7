"""What the database's functions leave behind is what Python would have made of the same rows."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from router.channels.records import Handling
from router.errors import Gone, NotFound
from router.queues.picture import hold_arguments
from router.queues.presence import kinds_of, presence_arguments, rules_of
from router.queues.rules import Blocks
from tests.house import House, until


@pytest.fixture
def kept(house: House, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was applied, by operation and arguments."""
    applied: list[Any] = []
    apply = house.outbox.apply

    async def keep(*operations: Any) -> None:
        applied.extend(operations)
        await apply(*operations)

    monkeypatch.setattr(house.outbox, "apply", keep)
    return applied


async def accepted(house: House, agent: UUID) -> Handling:
    await house.arrive()
    await until(lambda: house.offer(agent), "an offer")
    handling: Handling = await house.accept(agent)
    return handling


async def test_an_accept_tells_the_store_what_python_would_tell(house: House, kept: list[Any]):
    handling = await accepted(house, await house.agent("Ana"))
    told = next(each.arguments for each in kept if each.operation == "hold")
    async with house.pool.acquire() as connection:
        contact = await connection.fetchrow(
            "select * from contact where id = $1", handling.contact_id
        )
        row = await connection.fetchrow("select * from handling where id = $1", handling.id)
        assert contact is not None
        assert row is not None
        python = await hold_arguments(connection, contact, row)
    waits = told["answered"].pop("wait_ms"), python["answered"].pop("wait_ms")
    # a float's last digit may fall on either side of a millisecond
    assert abs(waits[0] - waits[1]) <= 1
    assert abs(told.pop("arrival_ms") - python.pop("arrival_ms")) <= 1
    assert told == {
        name: str(value) if isinstance(value, UUID) else value for name, value in python.items()
    }


async def test_without_a_wrap_up_the_end_frees_the_hand_in_the_same_call(
    house: House, kept: list[Any]
):
    await house.queue("customers", {"steps": [{"tiers": [1]}], "wrap_up_seconds": 0})
    agent = await house.agent("Ana")
    handling = await accepted(house, agent)
    await house.contacts.hang_up(house.workspace, agent, handling.contact_id)
    assert [each.operation for each in kept].count("release") == 0
    row = await house.pool.fetchrow("select * from handling where id = $1", handling.id)
    assert row is not None
    assert (row["state"], row["ending"]) == ("done", "completed")
    live = await house.live_agent(agent)
    assert live.get("n:chat", "0") == "0"
    # and is offered the next one
    assert (await accepted(house, agent)).contact_id != handling.contact_id


@pytest.mark.parametrize("policy", [None, {"video": ["chat"]}])
async def test_an_accept_asks_the_workspaces_rules_for_room(
    house: House, policy: dict[str, list[str]] | None
):
    if policy is not None:
        await house.pool.execute(
            "update workspace set policy = jsonb_build_object('blocks', $1::jsonb)", policy
        )
    agent = await house.agent("Ana", capacity={"voice": 1, "chat": 2, "video": 1})
    await house.arrive()
    offer = await until(lambda: house.offer(agent), "an offer")
    # a video came into their hands behind the live store's back
    other = await house.arrive(channel="video", line=False)
    await house.pool.execute(
        "insert into handling (workspace_id, contact_id, agent_id, offer_id, channel, queue_id,"
        " line_at, state) values ($1, $2, $3, $4, 'video', $5, now(), 'active')",
        house.workspace,
        other.id,
        agent,
        str(uuid4()),
        other.queue_id,
    )
    blocked = "chat" in (policy or {}).get("video", Blocks().video)
    if blocked:
        with pytest.raises(Gone):
            await house.contacts.accept(house.workspace, agent, offer["offer"])
    else:
        await house.contacts.accept(house.workspace, agent, offer["offer"])


async def test_what_was_applied_leaves_the_outbox_by_itself(house: House):
    await accepted(house, await house.agent("Ana"))

    async def empty() -> bool:
        return bool(await house.pool.fetchval("select count(*) = 0 from outbox"))

    await until(empty, "the outbox is empty", 5)


@pytest.mark.parametrize("presence", ["available", "break", "offline"])
async def test_a_change_of_presence_tells_the_store_what_python_would_tell(
    house: House, kept: list[Any], presence: str
):
    await house.arrive(skills=("billing",))
    await house.arrive(language="de")
    await house.pool.execute("update workspace set policy = $1", {"newcomer_ratings": 3})
    agent = await house.agent("Ana", presence="available")
    kept.clear()
    await house.contacts.set_presence(house.workspace, agent, presence, "lunch")
    told = kept[-1]
    async with house.pool.acquire() as connection:
        row = await connection.fetchrow("select * from agent where id = $1", agent)
        assert row is not None
        kinds = await kinds_of(connection, house.workspace)
        rules = await rules_of(connection, house.workspace)
    assert len(kinds) == 2
    assert row["presence_reason"] == (None if presence == "available" else "lunch")
    python = presence_arguments(row, kinds, rules)
    assert (told.operation, told.arguments) == ("present", python | {"agent": str(agent)})
    assert (await house.live_agent(agent))["ver"] == str(row["version"])


async def test_a_presence_set_twice_at_once_leaves_one_history_without_holes(house: House):
    agent = await house.agent("Ana")
    states = ("available", "break", "offline", "available", "break") * 4
    await asyncio.gather(
        *(house.contacts.set_presence(house.workspace, agent, state, "lunch") for state in states)
    )
    spans = await house.pool.fetch(
        "select *, lead(began_at) over (order by id) as next from presence_span order by id"
    )
    for span in spans[:-1]:
        assert span["began_at"] <= span["ended_at"] <= span["next"]
    presence = await house.pool.fetchval("select presence from agent")
    assert (spans[-1]["ended_at"] is None) == (presence != "offline")
    assert (await house.live_agent(agent))["st"] == presence


async def test_nobody_is_set_present_in_another_workspace(house: House):
    agent = await house.agent("Ana")
    with pytest.raises(NotFound):
        await house.contacts.set_presence(uuid4(), agent, "break")
    assert await house.pool.fetchval("select presence from agent") == "available"


async def test_a_crowd_that_comes_back_is_written_in_few_transactions_and_nobody_is_lost(
    house: House,
):
    agents = [await house.agent(f"Agent-{n}", presence="offline") for n in range(60)]
    await house.pool.execute("delete from outbox")
    asked = [house.contacts.set_presence(house.workspace, agent, "available") for agent in agents]
    stranger = house.contacts.set_presence(house.workspace, uuid4(), "available")
    *good, missing = await asyncio.gather(*asked, stranger, return_exceptions=True)
    assert good == [None] * 60
    assert isinstance(missing, NotFound)
    rows = await house.pool.fetch("select presence, xmin::text as written_by from agent")
    assert {row["presence"] for row in rows} == {"available"}
    assert len({row["written_by"] for row in rows}) <= 3
    for agent in agents:
        assert (await house.live_agent(agent))["st"] == "available"
    assert await house.pool.fetchval("select count(*) from presence_span") == 60


async def test_what_is_odd_in_one_change_of_presence_is_not_the_others_trouble(house: House):
    agents = [await house.agent(f"Agent-{n}", presence="offline") for n in range(5)]
    reasons = ["lunch", "no\x00text", "lunch", "lunch"]
    given_up = asyncio.create_task(house.contacts.set_presence(house.workspace, agents[4], "break"))
    asked = [
        house.contacts.set_presence(house.workspace, agent, "break", reason)
        for agent, reason in zip(agents[:4], reasons, strict=True)
    ]
    await asyncio.sleep(0)
    given_up.cancel()
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(done[1], asyncpg.DataError)
    assert [done[0], done[2], done[3]] == [None] * 3
    rows = await house.pool.fetch("select id, presence from agent")
    presences = {row["id"]: row["presence"] for row in rows}
    assert [presences[agent] for agent in agents[:4]] == ["break", "offline", "break", "break"]
