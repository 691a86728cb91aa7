"""How much an agent can take: per channel, in all, and what blocks what. Pure.

The scripts apply the same rule to the live picture (`_agents.lua`); an accept is fenced by it.
"""

from __future__ import annotations

from collections.abc import Mapping

from router.queues.rules import Blocks


def has_room(
    held: Mapping[str, int], capacity: Mapping[str, int], channel: str, blocks: Blocks
) -> bool:
    """Whether an agent who holds so many contacts per channel can take one more.

    capacity: the most at once, per channel, and `all` for all together where that is bounded.
    """
    if held.get(channel, 0) >= capacity.get(channel, 0):
        return False
    if "all" in capacity and sum(held.values()) >= capacity["all"]:
        return False
    return not any(
        count and busy != channel and channel in getattr(blocks, busy)
        for busy, count in held.items()
    )
