"""f14: a process that is stopped past its lease, and then goes on."""

from __future__ import annotations

import asyncio
import signal

from tests.faults.agent import HANDS_OFF, Habits
from tests.faults.center import Center

LEASE_S = 11


async def test_f14_an_accept_that_slept_past_its_lease_is_fenced(center: Center) -> None:
    sleeper, awake = center.rig.processes
    late = await center.agent(HANDS_OFF, at=sleeper)
    contact = await center.arrive()
    assert contact is not None
    offer = (await late.rings(contact))["offer"]
    other = await center.agent(HANDS_OFF, at=awake)
    trap = sleeper.truth.trap("contact_accept", "hold")
    accepting = center.begin(late.accept(offer))
    await trap.sprung()
    sleeper.send(signal.SIGSTOP)
    try:
        await center.pass_time(LEASE_S)
        again = await other.rings(contact, seconds=10)
        assert (await other.accept(again["offer"]))["type"] == "ok"
    finally:
        sleeper.send(signal.SIGCONT)
    trap.release()
    answer = await asyncio.wait_for(accepting, 10)
    assert answer.get("error", {}).get("code") == "gone", answer
    (hand,) = await center.hands(contact)
    assert str(hand["agent_id"]) == other.id
    await other.end(contact)
    await center.all_over()
    await center.check()


async def test_f14_a_process_that_sleeps_under_load_and_wakes(center: Center) -> None:
    sleeper, awake = center.rig.processes
    for process in (sleeper, awake):
        for _ in range(2):
            await center.agent(Habits(declines=0.1), at=process)
    load = center.load(30, 10, seconds=3)
    await asyncio.sleep(1)
    sleeper.send(signal.SIGSTOP)
    await center.pass_time(LEASE_S)
    await asyncio.sleep(3)
    sleeper.send(signal.SIGCONT)
    await load
    await center.all_over()
    await center.check()
