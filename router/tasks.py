"""Ending tasks for sure."""

from __future__ import annotations

import asyncio

AGAIN_SECONDS = 0.2


async def stop(*tasks: asyncio.Task[None] | asyncio.Task[bool]) -> None:
    """Cancel these and wait until they are over; what they raised is theirs.

    A cancel can get lost: `wait_for` of Python 3.11, which the stores' clients use, swallows one
    that comes in the same moment as the answer. So it is repeated until it has been heard.
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
