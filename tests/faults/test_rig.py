"""The rig without any fault: a light load comes to its end, and the checker has nothing to say."""

from __future__ import annotations

from tests.faults.agent import Habits
from tests.faults.center import Center


async def test_a_light_load_without_faults_is_right(center: Center) -> None:
    for _ in range(4):
        await center.agent(Habits(declines=0.1), chats=2)
    await center.load(40, 20)
    await center.all_over()
    await center.check()
    assert center.refused == 0
    assert len(center.history.hands) >= 40
