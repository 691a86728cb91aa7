"""f12: clocks an hour apart between processes, and a live store whose clock jumps."""

from __future__ import annotations

import asyncio
import time

from tests.faults.agent import HANDS_OFF, Habits
from tests.faults.center import Center

HOUR_S = 3600


async def test_f12_deadlines_are_by_the_stores_clock(center: Center) -> None:
    rig = center.rig
    wrong = [
        await rig.add("ahead", clock_s=HOUR_S),
        await rig.add("behind", clock_s=-HOUR_S),
    ]
    try:
        for process in (*rig.processes[:1], *wrong):
            await center.agent(Habits(declines=0.1), at=process)
        idle = await center.agent(HANDS_OFF, at=wrong[0])
        load = center.load(30, 10)
        offer = await idle.rings(seconds=6)
        # the page is told the store's time, whatever its process thinks
        assert abs(offer["deadline_ms"] / 1000 - time.time() - 5) < 3
        assert abs(idle.snapshot["now_ms"] / 1000 - time.time()) < 30  # type: ignore[index] # there
        begun = time.time()
        while not any(gone["offer"] == offer["offer"] for gone in idle.of("offer_gone")):
            await asyncio.sleep(0.05)
            assert time.time() - begun < 9
        assert time.time() - offer["deadline_ms"] / 1000 > -0.1, "missed before its time"
        await idle.away()
        await load
        await center.all_over()
        for operation in center.history.of("arrive", "done"):
            arrived = (await center.contact(operation.contact))["arrived_at"].timestamp()
            assert operation.invoked - 1 < arrived < (operation.answered or 0) + 1
        # and a jump
        late = [await center.arrive() for _ in range(6)]
        await center.pass_time(HOUR_S)
        assert all(late)
        await center.all_over()
        await center.check()
    finally:
        for process in wrong:
            await rig.remove(process)
