"""f15: a rolling restart under sockets and load. The soak does it with five thousand."""

from __future__ import annotations

import re
import signal
import time

from tests.faults.agent import Habits
from tests.faults.center import Center
from tests.house import until

SOCKETS = 30
BACK_S = 60


async def test_f15_a_rolling_restart_loses_no_offer_and_marks_nobody_absent(center: Center) -> None:
    agents = [await center.agent(Habits(declines=0.02)) for _ in range(SOCKETS)]
    load = center.load(50, 8)
    for process in center.rig.processes:
        codes = {agent.id: len(agent.codes) for agent in agents}
        opened = {agent.id: agent.opened for agent in agents}
        begun = time.monotonic()
        process.send(signal.SIGTERM)
        await process.ended()
        assert time.monotonic() - begun < 5
        here = [agent for agent in agents if len(agent.codes) > codes[agent.id]]
        assert here
        process.spawn()
        await process.ready()
        await until(
            lambda opened=opened, here=here: all(
                agent.opened > opened[agent.id] and agent.snapshot for agent in here
            ),
            "all are back",
            BACK_S,
        )
        assert {agent.codes[codes[agent.id]] for agent in here} <= {1012}
    await load
    await center.all_over()
    await center.check()
    hints = [hint for agent in agents for hint in agent.hints]
    waits = [int(found[1]) for hint in hints if (found := re.match(r"retry_ms=(\d+)", hint))]
    assert len(waits) >= SOCKETS
    assert max(waits) - min(waits) > 1000, "the return is spread out"
    lost = await center.rig.pool.fetchval(
        "select count(*) from agent where workspace_id = $1 and presence_reason is not null",
        center.id,
    )
    assert lost == 0
    missed = await center.rig.pool.fetchval(
        "select count(*) from offer where workspace_id = $1 and outcome = 'missed'", center.id
    )
    assert missed == 0
