"""Two scenes side by side: how much longer the store takes in the larger one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from router.bench.pictures import Timing
from router.bench.rows import Figure, Tell, figure, readable
from router.bench.scenes import MATCHES, Scene

ROUNDS = 31

Way = tuple[str, Callable[[Scene], Timing]]


def both_ways(arrivals: int = MATCHES) -> tuple[Way, ...]:
    """The two directions of a match: so many arrive, and all who are busy become free."""
    return (
        ("arrives", lambda scene: scene.arrive(arrivals)),
        ("becomes free", Scene.become_free),
    )


def compare(
    small: Scene, large: Scene, ways: Sequence[Way], tell: Tell, rounds: int | None = None
) -> tuple[Figure, str]:
    """The ratio of server times, large to small: of the worst way, and all in words.

    Rounds in the two take turns.
    """
    rounds = rounds or ROUNDS
    pairs: dict[str, list[tuple[float, float]]] = {way: [] for way, _ in ways}
    for n in range(rounds):
        tell(f"round {n + 1} of {rounds}")
        for way, measure in ways:
            pairs[way].append((measure(small).mean, measure(large).mean))
    ratios = {way: figure([b / a for a, b in times]) for way, times in pairs.items()}
    told = []
    for way, times in pairs.items():
        a, b = (readable(figure(side).value) for side in zip(*times, strict=True))
        told.append(f"{way} {a} to {b} µs")
    return max(ratios.values(), key=lambda ratio: ratio.value), ", ".join(told)
