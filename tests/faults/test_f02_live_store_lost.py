"""f02: the live store is emptied, restarted empty, or gone; or it does not know the scripts."""

from __future__ import annotations

import asyncio

from tests.faults.agent import HANDS_OFF, Habits
from tests.faults.center import Center

GONE_S = 3.0
"""The soak takes it away for thirty seconds; nothing in the service counts them."""


async def _talk(center: Center) -> tuple[object, str]:
    """An agent in a conversation that outlives what happens."""
    agent = await center.agent(HANDS_OFF)
    contact = await center.arrive()
    assert contact is not None
    offer = await agent.rings(contact)
    assert (await agent.accept(offer["offer"]))["type"] == "ok"
    return agent, contact


async def _goes_on(agent, contact: str) -> None:
    said = await agent.ask("say", contact=contact, key=f"k{len(agent.frames)}", text="still here")
    assert said.get("type") == "ok", said


async def test_f02_an_emptied_live_store_is_rebuilt_while_running(center: Center) -> None:
    agent, contact = await _talk(center)
    workers = [await center.agent(Habits(declines=0.05)) for _ in range(3)]
    load = center.load(45, 15)
    await asyncio.sleep(1)
    await center.look()
    await center.lose_store(center.rig.redis.flushall)
    await _goes_on(agent, contact)
    await asyncio.sleep(1)
    # scripts unknown to it
    await center.rig.redis.function_flush()
    await load
    assert (await agent.end(contact))["type"] == "ok"
    await center.all_over()
    await center.check()
    assert contact not in {o["contact"] for worker in workers for o in worker.of("offer")}


async def test_f02_a_live_store_that_is_gone_and_comes_back_empty(center: Center) -> None:
    agent, contact = await _talk(center)
    for _ in range(3):
        await center.agent()
    load = center.load(40, 10)
    await asyncio.sleep(0.7)

    async def gone() -> None:
        await center.rig.kill_live()
        await asyncio.sleep(GONE_S / 2)
        # conversations go on, and people get in line
        await _goes_on(agent, contact)
        assert await center.arrive(patience_s=0) is not None
        await asyncio.sleep(GONE_S / 2)
        await center.rig.start_live()

    await center.lose_store(gone)
    await load
    assert center.refused == 0, "an arrival needs the truth alone"
    assert (await agent.end(contact))["type"] == "ok"
    await center.all_over()
    await center.check()


async def test_f02_a_line_keeps_its_order_over_a_loss(center: Center) -> None:
    line = [await center.arrive() for _ in range(12)]
    arrived = [(await center.contact(each))["arrived_at"] for each in line]
    await center.lose_store(center.rig.redis.flushall)
    agent = await center.agent(Habits(holds_s=(0, 0.01)))
    await center.all_over()
    assert [offer["contact"] for offer in agent.of("offer")] == line
    assert [(await center.contact(each))["arrived_at"] for each in line] == arrived
    await center.check()
