"""What the truth has decided reaches the live store: at once, many together, or later."""

from __future__ import annotations

from uuid import UUID

from router.queues.outbox import Pending
from router.queues.presence import Change, changed
from router.store.live import open_live
from tests.house import House


async def written(house: House, agents: list[UUID], presence: str) -> list[Pending]:
    """Changes that are committed, and told nobody."""
    async with house.pool.acquire() as connection, connection.transaction():
        changes = [Change(agent, presence) for agent in agents]
        pending = await changed(connection, house.workspace, changes)
    return [pending[agent] for agent in agents]


async def live(house: House, agents: list[UUID]) -> set[str]:
    return {(await house.live_agent(agent)).get("st", "unknown") for agent in agents}


async def left(house: House) -> int:
    return int(await house.pool.fetchval("select count(*) from outbox"))


async def test_many_are_applied_together_each_after_what_stood_before_it(house: House):
    agents = [await house.agent(f"Agent-{n}") for n in range(130)]
    await house.outbox.forget()
    # of a process that died before it told of them
    await written(house, agents[:3], "break")
    await house.outbox.apply_together(await written(house, agents, "offline"))
    await house.outbox.forget()
    assert await left(house) == 0
    assert await live(house, agents) == {"offline"}
    versions = {(await house.live_agent(agent))["ver"] for agent in agents[:3]}
    assert versions == {
        str(row["version"])
        for row in await house.pool.fetch(
            "select version from agent where id = any($1)", agents[:3]
        )
    }


async def test_one_call_for_several_subjects_skips_nothing_that_stands_before(house: House):
    ana, ben = [await house.agent(name) for name in ("Ana", "Ben")]
    await house.outbox.forget()
    await written(house, [ben], "break")
    assert await house.outbox.apply(*await written(house, [ana, ben], "offline"))
    await house.outbox.forget()
    assert await left(house) == 0
    assert await live(house, [ana, ben]) == {"offline"}


async def test_while_the_store_is_away_all_of_them_are_kept_and_follow_in_their_order(house: House):
    agents = [await house.agent(f"Agent-{n}") for n in range(20)]
    await house.outbox.forget()
    here, house.engine.redis = house.engine.redis, open_live("redis://127.0.0.1:1")
    for presence in ("break", "available", "break"):
        await house.outbox.apply_together(await written(house, agents, presence))
    assert await left(house) == 60
    await house.engine.redis.aclose()
    house.engine.redis = here
    assert await live(house, agents) == {"available"}
    await house.pool.execute("update outbox set created_at = now() - interval '1 minute'")
    assert await house.outbox.drain() == 60
    assert await live(house, agents) == {"break"}
    assert await left(house) == 0
    assert await house.outbox.drain() == 0
