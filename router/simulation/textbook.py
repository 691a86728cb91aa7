"""The same people served as in a textbook, first come, first served. Pure.

No scripts are run: each contact is answered when an agent who may is free and nobody else whom
they may serve is before it. So what a simulation says can be compared contact by contact.
"""

from __future__ import annotations

import heapq
from collections import deque
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


def longest_idle(load: Load, chance: Callable[[str], Chance]) -> list[Stay]:
    """The same of patient contacts of several streams and skills in one queue: a contact takes who
    has been idle longest of those who have its skills, an agent the oldest that they may serve.

    Two who are idle since the same moment are told apart here by their group, by the scripts
    otherwise: let groups of one start one after the other.
    """
    places = next(iter(load.trunks.values()), None)
    streams, groups, end_ms = load.streams, load.agents, round(load.minutes * 60_000)
    may = [
        [place for place, stream in enumerate(streams) if set(stream.skills) <= set(group.skills)]
        for group in groups
    ]
    idle = [deque([round(group.starts * 60_000)] * group.count) for group in groups]
    lines: list[deque[tuple[int, int]]] = [deque() for _ in streams]  # (arrival, service)
    sources = [(chance(f"{s.name}/when"), chance(f"{s.name}/who")) for s in streams]
    coming = [
        (at, place)
        for place, stream in enumerate(streams)
        if (at := arrival_after(0, stream, sources[place][0], end_ms)) is not None
    ]
    heapq.heapify(coming)
    ends: list[tuple[int, int]] = []  # (when, group)
    stays = []
    while coming or any(lines):
        if not coming or (ends and ends[0][0] <= coming[0][0]):
            at, who = heapq.heappop(ends)
            waiting = [place for place in may[who] if lines[place]]
            if waiting:
                came, service = lines[min(waiting, key=lambda place: lines[place][0])].popleft()
                stays.append(Stay(came, at - came, "answered"))
                heapq.heappush(ends, (at + service, who))
            else:
                idle[who].append(at)
            continue
        at, place = heapq.heappop(coming)
        following = arrival_after(at, streams[place], sources[place][0], end_ms)
        if following is not None:
            heapq.heappush(coming, (following, place))
        service = draw_contact("", place, streams[place], at, sources[place][1]).service_ms
        free = [n for n, mine in enumerate(idle) if mine and mine[0] <= at and place in may[n]]
        if places is not None and len(ends) + sum(map(len, lines)) >= places:
            stays.append(Stay(at, 0, "blocked"))
        elif free:
            who = min(free, key=lambda n: idle[n][0])
            idle[who].popleft()
            stays.append(Stay(at, 0, "answered"))
            heapq.heappush(ends, (at + service, who))
        else:
            lines[place].append((at, service))
    return stays
