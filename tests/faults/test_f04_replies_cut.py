"""f04: replies that are cut off after the work was done, and stalls longer than a time-out."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.agent import HANDS_OFF, Habits
from tests.faults.center import Center

SCRIPTS = ("enter_", "accept_", "hold_", "close_", "refuse_", "present_", "due_", "touch_")
STATEMENTS = ("contact_accept", "contact_end", "with made as", "delete from outbox")
# of redis-py, and asyncpg's limit for a command
TIME_OUT_S = 10.0


async def test_f04_cut_replies_apply_each_operation_once(center: Center) -> None:
    for _ in range(4):
        await center.agent(Habits(declines=0.1), chats=2)
    load = center.load(60, 12)
    traps = []
    for _ in range(3):
        for marks, wire in [(s, "live") for s in SCRIPTS] + [(s, "truth") for s in STATEMENTS]:
            process = center.chance.choice(center.rig.processes)
            act = center.chance.choice(["cut", "cut reply", "cut reply"])
            traps.append((marks, getattr(process, wire).trap(marks, act)))
            await asyncio.sleep(0.12)
    await load
    center.rig.heal()
    await center.all_over()
    await center.check()
    sprung = {marks for marks, trap in traps if trap.taken.is_set()}
    assert sprung >= set(SCRIPTS[:4]) | set(STATEMENTS[:3]), f"only {sprung} were cut"


@pytest.mark.parametrize("wire", ["live", "truth"])
async def test_f04_a_repeated_request_gets_the_first_answer(center: Center, wire: str) -> None:
    first, _ = center.rig.processes
    agent = await center.agent(HANDS_OFF, at=first)
    marks = {"live": ("enter_", "accept_"), "truth": ("with made as", "contact_accept")}[wire]
    arriving = getattr(first, wire).trap(marks[0], "cut reply")
    contact = await center.arrive(at=first)
    await arriving.sprung()
    offer = await agent.rings(contact)
    accepting = getattr(first, wire).trap(marks[1], "cut reply")
    answer = await agent.accept(offer["offer"])
    await accepting.sprung()
    assert answer["error"]["code"] == "unavailable"
    again = await agent.accept(offer["offer"])
    assert again["type"] == "ok"
    (hand,) = await center.hands(contact)
    assert again["handling"] == str(hand["id"])
    await agent.end(contact)
    await center.all_over()
    await center.check()


async def test_f04_a_stall_longer_than_the_time_out_applies_each_once(center: Center) -> None:
    first, second = center.rig.processes
    for process in (first, second):
        await center.agent(Habits(), chats=3, at=process)
    load = center.load(12, 12, seconds=TIME_OUT_S + 3)
    await asyncio.sleep(0.3)
    first.live.stall()
    second.truth.stall()
    await asyncio.sleep(TIME_OUT_S + 0.4)
    center.rig.heal()
    await load
    await center.all_over()
    await center.check()
