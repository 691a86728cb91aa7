"""Server time of a match while the house grows: who waits, who is idle, registered, queues.

Each size is a scene in a store of its own, and rounds in the smallest and in the larger one take
turns. A match is timed from both directions, a contact that arrives and an agent who becomes
free; the row's value is the worst of them, over all sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from router.bench.pictures import live_store
from router.bench.rows import Row, Tell, at_most, figure, readable
from router.bench.scenes import Scene

ROUNDS = 21
MATCHES = 50
GOAL = 1.25
UNIT = "x the smallest, server time"


@dataclass(frozen=True)
class Range:
    """What grows over which sizes; the rest of the scene stays."""

    sizes: tuple[int, ...]
    build: Callable[[str, int, Tell], Scene]


def _scene(
    url: str,
    tell: Tell,
    *,
    waiting: int = 1_000,
    idle: int = 500,
    registered: int = 0,
    queues: int = 24,
) -> Scene:
    scene = Scene(url, queues=queues, tell=tell)
    scene.registered(registered)
    scene.idle(idle)
    scene.waiting(waiting + MATCHES)
    scene.busy(MATCHES)
    return scene


RANGES = {
    "growth-waiting": Range(
        (100, 10_000, 1_000_000), lambda url, n, tell: _scene(url, tell, waiting=n)
    ),
    "growth-idle": Range((100, 2_000, 20_000), lambda url, n, tell: _scene(url, tell, idle=n)),
    "growth-registered": Range(
        (1_000, 10_000, 110_000),
        lambda url, n, tell: _scene(url, tell, registered=n - 500 - MATCHES),
    ),
    "growth-queues": Range(
        (10, 500, 5_000),
        lambda url, n, tell: _scene(url, tell, queues=n, waiting=10_000, idle=2_000),
    ),
}


def run(name: str, tell: Tell) -> list[Row]:
    """The largest ratio of a match's server time in a larger scene to that in the smallest."""
    chosen = RANGES[name]
    first, *larger = chosen.sizes
    rows = []
    with live_store() as url:
        smallest = chosen.build(url, first, tell)
        for size in larger:
            with live_store() as large_url:
                rows.append(
                    _compare(name, smallest, chosen.build(large_url, size, tell), size, tell)
                )
    return [max(rows, key=lambda row: row.value or 0)]


def _compare(name: str, small: Scene, large: Scene, size: int, tell: Tell) -> Row:
    arrivals, freed = [], []
    for n in range(ROUNDS):
        tell(f"{size:,}: round {n + 1} of {ROUNDS}")
        arrivals.append((small.arrive(MATCHES).mean, large.arrive(MATCHES).mean))
        freed.append((small.become_free().mean, large.become_free().mean))
    large.picture.close()
    ways = {
        "arrives": (arrivals, figure([b / a for a, b in arrivals])),
        "becomes free": (freed, figure([b / a for a, b in freed])),
    }
    told = [f"at {size:,}"]
    for way, (pairs, ratio) in ways.items():
        a, b = (readable(figure(side).value) for side in zip(*pairs, strict=True))
        told.append(f"{way} {a} to {b} µs ({readable(ratio.value)})")
    worst = max((ratio for _, ratio in ways.values()), key=lambda ratio: ratio.value)
    return at_most(name, worst, GOAL, UNIT, "; ".join(told))
