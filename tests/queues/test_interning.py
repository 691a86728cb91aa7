"""Kinds that several processes meet at the same moment."""

from __future__ import annotations

import asyncio

from router.queues.interning import Kinds
from router.queues.steps import Requirement
from tests.house import House


async def test_a_kind_that_processes_meet_at_once_is_made_once(house: House) -> None:
    """Each making anew would class every signed-in agent again, one process after the other."""
    agents = [await house.agent(f"A{n}", skills=("rare",)) for n in range(5)]
    wanted = Requirement("chat", (1,), "en", ("rare",))
    processes = [Kinds(house.pool, house.outbox) for _ in range(6)]
    before = await house.pool.fetch("select id, version from agent")
    numbers = await asyncio.gather(
        *(process.intern(house.workspace, [wanted]) for process in processes)
    )
    assert len({found[wanted] for found in numbers}) == 1
    for process in processes:
        await process.settled(house.workspace)
    after = await house.pool.fetch("select id, version from agent")
    assert {row["id"]: row["version"] for row in after} == {
        row["id"]: row["version"] + 1 for row in before
    }
    assert len(agents) == 5
