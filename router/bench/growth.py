"""Server time of a match while the house grows: who waits, who is idle, registered, queues.

Each size is a scene in a store of its own, and rounds in the smallest and in the larger one take
turns. A match is timed from both directions, a contact that arrives and an agent who becomes
free; the row's value is the worst of them, over all sizes.
"""

from __future__ import annotations

from router.bench.comparison import both_ways, compare
from router.bench.people import People
from router.bench.pictures import live_store
from router.bench.rows import Figure, Row, Tell, at_most
from router.bench.scenes import MATCHES, Scene

GOAL = 1.25

SIZES = {
    "growth-waiting": (100, 10_000, 1_000_000),
    "growth-idle": (100, 2_000, 20_000),
    "growth-registered": (1_000, 10_000, 110_000),
    "growth-queues": (10, 500, 5_000),
}


def run(name: str, tell: Tell) -> list[Row]:
    """The largest ratio of a match's server time in a larger scene to that in the smallest."""
    first, *larger = SIZES[name]
    found: list[tuple[Figure, str]] = []
    with live_store() as url:
        smallest = _scene(name, url, first, tell)
        for size in larger:
            with live_store() as large_url:
                ratio, told = compare(
                    smallest, _scene(name, large_url, size, tell), both_ways(), tell
                )
            found.append((ratio, f"{first:,} to {size:,}: {told}"))
    worst, told = max(found, key=lambda pair: pair[0].value)
    return [at_most(name, worst, GOAL, "x the smallest", told)]


def _scene(name: str, url: str, size: int, tell: Tell) -> Scene:
    """500 idle, 50 busy, 1,000 waiting, 24 queues; one of these is what grows."""
    waiting, idle, registered, queues = 1_000, 500, 0, 24
    match name:
        case "growth-waiting":
            waiting = size
        case "growth-idle":
            idle = size
        case "growth-registered":
            registered = size - idle - MATCHES
        case "growth-queues":
            queues, waiting, idle = size, 10_000, 2_000
    scene = Scene(url, tell, People(queues=queues))
    scene.registered(registered)
    scene.idle(idle)
    scene.waiting(waiting + MATCHES)
    scene.busy(MATCHES)
    return scene
