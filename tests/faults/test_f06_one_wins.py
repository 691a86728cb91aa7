"""f06: several processes match the same agent; two sockets and two agents accept the same offer."""

from __future__ import annotations

import asyncio

from tests.faults.agent import HANDS_OFF
from tests.faults.center import Center


async def test_f06_one_agent_and_arrivals_on_all_processes(center: Center) -> None:
    first, second = center.rig.processes
    agent = await center.agent(HANDS_OFF)
    for _ in range(5):
        both = await asyncio.gather(center.arrive(at=first), center.arrive(at=second))
        one = await agent.rings()
        assert one["contact"] in both
        await agent.accept(one["offer"])
        await agent.end(one["contact"])
        (other,) = set(both) - {one["contact"]}
        offer = await agent.rings(other)
        await agent.accept(offer["offer"])
        await agent.end(offer["contact"])
    await center.all_over()
    await center.check()


async def test_f06_agents_who_become_free_on_all_processes_for_one_contact(center: Center) -> None:
    agents = [await center.agent(HANDS_OFF, at=p) for p in center.rig.processes * 2]
    for _ in range(4):
        await asyncio.gather(*(agent.away() for agent in agents))
        contact = await center.arrive()
        await asyncio.gather(*(agent.available() for agent in agents))
        ringing = [
            agent for agent in agents if any(o["contact"] == contact for o in agent.of("offer"))
        ]
        while not ringing:
            await asyncio.sleep(0.02)
            ringing = [a for a in agents if any(o["contact"] == contact for o in a.of("offer"))]
        (winner,) = ringing
        offer = (await winner.rings(contact))["offer"]
        # everybody presses, several times and at once
        answers = await asyncio.gather(*(agent.accept(offer) for agent in agents * 2))
        handlings = {answer["handling"] for answer in answers if answer["type"] == "ok"}
        codes = {answer["error"]["code"] for answer in answers if answer["type"] == "error"}
        assert len(handlings) == 1
        assert codes == {"gone"}
        (hand,) = await center.hands(contact)
        assert str(hand["agent_id"]) == winner.id
        await winner.end(contact)
    await center.all_over()
    await center.check()


async def test_f06_two_sockets_of_one_agent_accept_at_once(center: Center) -> None:
    first, second = center.rig.processes
    agent = await center.agent(HANDS_OFF, at=first, chats=2)
    other = center.twin(agent, at=second)
    await other.there()
    for _ in range(6):
        contact = await center.arrive()
        offer = (await agent.rings(contact))["offer"]
        await other.rings(contact)
        answers = await asyncio.gather(agent.accept(offer), other.accept(offer))
        assert {answer["type"] for answer in answers} == {"ok"}, answers
        assert len({answer["handling"] for answer in answers}) == 1
        await asyncio.gather(agent.end(contact), other.end(contact))
    await center.all_over()
    await center.check()
