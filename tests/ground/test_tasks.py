"""Ending tasks."""

import asyncio
import contextlib

from router.tasks import stop


async def test_a_task_that_swallows_a_cancel_is_ended_all_the_same():
    swallowed = 0

    async def deaf() -> None:
        nonlocal swallowed
        while True:
            with contextlib.suppress(asyncio.CancelledError if swallowed < 2 else KeyError):
                await asyncio.sleep(3600)
            swallowed += 1

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await asyncio.wait_for(stop(task), 5)
    assert task.done()
    assert swallowed == 2


async def test_a_task_that_failed_is_not_raised_at_the_end():
    async def broken() -> None:
        raise RuntimeError("its own")

    task = asyncio.create_task(broken())
    await asyncio.sleep(0)
    await stop(task)
    assert task.done()
