"""What simulated runs say: waits, service level, abandonment and occupancy, with intervals. Pure.

Shares are between 0 and 1, waits in seconds. Contacts that arrive during the warm-up or after
the end are not counted. An interval is made of the replications, or of twenty batches of equal
length where there is one run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from router.queues.policy import Policy
from router.simulation.intervals import Interval, interval, percentile
from router.simulation.load import Load
from router.simulation.people import Agent, Outcome, Visit

BATCHES = 20


@dataclass(frozen=True)
class Waits:
    """One queue, or the contacts of one stream in it.

    came: all who arrived here. blocked: turned away, of all who came. abandoned, diverted (the
    policy led them elsewhere), waited (nobody was offered at once), mean_wait, percentiles: of
    those who were not blocked. asa: mean wait of answered ones. within: answered within target_s
    ÷ (answered + abandoned). left: still waiting when the run was over. resolved: of answered
    ones, those that need no second look.
    """

    queue: str
    stream: str | None
    came: int
    answered: int
    left: int
    blocked: Interval
    abandoned: Interval
    diverted: Interval
    waited: Interval
    mean_wait: Interval
    asa: Interval
    within: Interval
    resolved: Interval
    target_s: int
    median: float
    p90: float
    p95: float
    p99: float
    longest: float


@dataclass(frozen=True)
class Work:
    """One group of agents. occupancy: time with something in hand ÷ time signed in."""

    group: str
    agents: int
    answered: int
    occupancy: Interval
    resolved: Interval


@dataclass(frozen=True)
class Figures:
    """All figures of a run. counted_minutes: of each replication."""

    waits: tuple[Waits, ...]
    work: tuple[Work, ...]
    replications: int
    counted_minutes: float


def figures(outcomes: Sequence[Outcome], load: Load, policies: Mapping[str, Policy]) -> Figures:
    """The figures of a load's replications."""
    parts = batches(outcomes, load)
    rows = []
    for slug in _in_order(visit.queue for batch in parts for visit in batch):
        target = policies[slug].target.seconds
        here = [[visit for visit in batch if visit.queue == slug] for batch in parts]
        rows.append(_waits(slug, None, here, target))
        streams = sorted({visit.stream for batch in here for visit in batch})
        for stream in streams if len(streams) > 1 else ():
            of_stream = [[visit for visit in batch if visit.stream == stream] for batch in here]
            rows.append(_waits(slug, load.streams[stream].name, of_stream, target))
    work = []
    for place, group in enumerate(load.agents):
        agents = [[a for a in outcome.agents if a.place == place] for outcome in outcomes]
        mine = [
            [v for v in batch if v.group == place and v.outcome == "answered"] for batch in parts
        ]
        work.append(
            Work(
                group.name,
                group.count,
                sum(map(len, mine)),
                interval([occupancy(each) for each in agents]),
                interval([share(batch, lambda v: v.resolved) for batch in mine]),
            )
        )
    return Figures(tuple(rows), tuple(work), len(outcomes), load.minutes - load.warm_up)


def occupancy(agents: Iterable[Agent]) -> float:
    """Time with something in hand ÷ time signed in or busy; NaN for nobody."""
    pairs = [(agent.busy_ms, agent.in_ms) for agent in agents]
    signed_in = sum(each for _, each in pairs)
    return sum(each for each, _ in pairs) / signed_in if signed_in else math.nan


def batches(outcomes: Sequence[Outcome], load: Load) -> list[list[Visit]]:
    """The counted visits of each replication, or of each twentieth of the one that there is."""
    warm, end = round(load.warm_up * 60_000), round(load.minutes * 60_000)
    runs = [[v for v in outcome.visits if warm <= v.at_ms < end] for outcome in outcomes]
    if len(runs) > 1:
        return runs
    parts: list[list[Visit]] = [[] for _ in range(BATCHES)]
    for visit in runs[0]:
        parts[(visit.at_ms - warm) * BATCHES // (end - warm)].append(visit)
    return parts


def _in_order(names: Iterable[str]) -> list[str]:
    return sorted(set(names))


def share(visits: Sequence[Visit], holds: Callable[[Visit], bool]) -> float:
    """How many of these it holds for; NaN of none."""
    return sum(map(holds, visits)) / len(visits) if visits else math.nan


def mean_wait(visits: Sequence[Visit]) -> float:
    """In seconds; NaN of none."""
    return sum(v.wait_ms for v in visits) / len(visits) / 1000 if visits else math.nan


def _waits(slug: str, stream: str | None, parts: Sequence[Sequence[Visit]], target_s: int) -> Waits:
    admitted = [[v for v in batch if v.outcome != "blocked"] for batch in parts]
    answered = [[v for v in batch if v.outcome == "answered"] for batch in parts]
    ended = [[v for v in batch if v.outcome in ("answered", "abandoned")] for batch in parts]
    waits = sorted(v.wait_ms / 1000 for batch in admitted for v in batch)
    return Waits(
        queue=slug,
        stream=stream,
        came=sum(map(len, parts)),
        answered=sum(map(len, answered)),
        left=sum(v.outcome == "left" for batch in parts for v in batch),
        blocked=interval([share(b, lambda v: v.outcome == "blocked") for b in parts]),
        abandoned=interval([share(b, lambda v: v.outcome == "abandoned") for b in admitted]),
        diverted=interval([share(b, lambda v: v.outcome == "diverted") for b in admitted]),
        waited=interval([share(b, lambda v: v.waited) for b in admitted]),
        mean_wait=interval([mean_wait(b) for b in admitted]),
        asa=interval([mean_wait(b) for b in answered]),
        within=interval(
            [
                share(b, lambda v: v.outcome == "answered" and v.wait_ms <= target_s * 1000)
                for b in ended
            ]
        ),
        resolved=interval([share(b, lambda v: v.resolved) for b in answered]),
        target_s=target_s,
        median=percentile(waits, 0.5),
        p90=percentile(waits, 0.9),
        p95=percentile(waits, 0.95),
        p99=percentile(waits, 0.99),
        longest=waits[-1] if waits else math.nan,
    )


def waiting_over_time(
    outcomes: Sequence[Outcome], load: Load, slug: str, parts: int = 60
) -> list[tuple[float, float]]:
    """(minute, mean number waiting in this queue) of so many equal parts of the run."""
    length = load.minutes * 60_000 / parts
    spent = [0.0] * parts
    for outcome in outcomes:
        for visit in outcome.visits:
            if visit.queue != slug:
                continue
            begin, end = visit.at_ms, visit.at_ms + visit.wait_ms
            for part in range(int(begin // length), min(parts, int(end // length) + 1)):
                spent[part] += min(end, (part + 1) * length) - max(begin, part * length)
    return [
        ((part + 0.5) * length / 60_000, ms / length / len(outcomes))
        for part, ms in enumerate(spent)
    ]


def still_waiting(
    outcomes: Sequence[Outcome], load: Load, slug: str, until_s: float, points: int = 100
) -> list[tuple[float, float]]:
    """(seconds, share of this queue's admitted contacts that wait longer), to until_s."""
    waits = sorted(
        visit.wait_ms / 1000
        for batch in batches(outcomes, load)
        for visit in batch
        if visit.queue == slug and visit.outcome != "blocked"
    )
    series, passed = [], 0
    for point in range(points + 1):
        at = until_s * point / points
        while passed < len(waits) and waits[passed] <= at:
            passed += 1
        series.append((at, 1 - passed / len(waits) if waits else 0.0))
    return series
