"""The same people served as in a textbook: one pool, first come, first served. Pure.

No scripts are run: each contact is answered when an agent is free and nobody is before it. So
what a simulation of such a pool says can be compared contact by contact, without chance.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import NamedTuple

from router.simulation.load import Chance, Load
from router.simulation.people import arrival_after, draw_contact


class Stay(NamedTuple):
    """One contact. outcome: answered, abandoned or blocked."""

    at_ms: int
    wait_ms: int
    outcome: str


def first_come(load: Load, chance: Callable[[str], Chance]) -> list[Stay]:
    """All contacts of a load with one stream and one group. chance: as the run had it."""
    (stream,), (group,) = load.streams, load.agents
    places = load.trunks.get(stream.queue)
    when, who = chance(f"{stream.name}/when"), chance(f"{stream.name}/who")
    free = [0] * group.count  # when each agent is free; a heap
    ends: list[int] = []  # of all present, in line or served; a heap
    end_ms = round(load.minutes * 60_000)
    stays = []
    at = arrival_after(0, stream, when, end_ms)
    while at is not None:
        contact = draw_contact("", 0, stream, at, who)
        while ends and ends[0] <= at:
            heapq.heappop(ends)
        wait = max(0, free[0] - at)
        if places is not None and len(ends) >= places:
            stays.append(Stay(at, 0, "blocked"))
        elif contact.patience_ms is not None and wait > contact.patience_ms:
            heapq.heappush(ends, at + contact.patience_ms)
            stays.append(Stay(at, contact.patience_ms, "abandoned"))
        else:
            heapq.heapreplace(free, at + wait + contact.service_ms)
            heapq.heappush(ends, at + wait + contact.service_ms)
            stays.append(Stay(at, wait, "answered"))
        at = arrival_after(at, stream, when, end_ms)
    return stays
