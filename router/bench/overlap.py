"""Agents who overlap: each with abilities of their own, and some who can do nearly everything.

`overlap-distinct`: no two agents qualify for the same 25 kinds, so that no class has two.
`overlap-300`: who qualifies for 300 kinds, alone in a class: what it costs to come and go, to be
matched, and to become free.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from router.bench.comparison import ROUNDS, both_ways, compare
from router.bench.people import POLICY, TOPICS_KNOWN, People
from router.bench.pictures import live_store
from router.bench.rows import Row, Tell, at_most, figure
from router.bench.scenes import MATCHES, Scene

FEW, MANY = 100, 20_000
QUEUES = 100
VERSATILE = 20


def run(name: str, tell: Tell) -> list[Row]:
    """One ratio, or three times in microseconds."""
    return _distinct(name, tell) if name == "overlap-distinct" else _versatile(name, tell)


def _distinct(name: str, tell: Tell) -> list[Row]:
    def scene(url: str, agents: int) -> Scene:
        made = Scene(url, tell, People(queues=QUEUES, topics=list(_abilities(agents + MATCHES))))
        made.idle(agents)
        made.waiting(1_000)
        made.busy(MATCHES)
        return made

    # few at a time: of a hundred such agents only eight can serve the same contact
    with live_store() as few, live_store() as many:
        ratio, told = compare(scene(few, FEW), scene(many, MANY), both_ways(20), tell)
    return [at_most(name, ratio, 3, f"x {FEW} such agents", told)]


def _abilities(agents: int) -> Iterator[tuple[int, ...]]:
    """No two the same, and all queues served by the first few already."""
    chance, seen = random.Random(11), set[tuple[int, ...]]()
    while len(seen) < agents:
        first = len(seen) % QUEUES
        others = [n for n in range(QUEUES) if n != first]
        found = tuple(sorted([first, *chance.sample(others, TOPICS_KNOWN - 1)]))
        if found not in seen:
            seen.add(found)
            yield found


def _versatile(name: str, tell: Tell) -> list[Row]:
    # 99 queues that all know and one of their own, three kinds each
    policy = {"steps": POLICY["steps"][:3]}
    common = tuple(range(99))
    topics = [(*common, 99 + n) for n in range(2 * VERSATILE)]
    pauses, returns, matches, closes, releases = [], [], [], [], []
    with live_store() as url:
        scene = Scene(
            url, tell, People(queues=99 + 2 * VERSATILE, topics=topics, policies=[policy])
        )
        scene.idle(VERSATILE)
        scene.waiting(1_000)
        scene.busy(VERSATILE)
        for n in range(ROUNDS):
            tell(f"round {n + 1} of {ROUNDS}")
            pause, back = scene.toggle()
            pauses.append(pause.mean)
            returns.append(back.mean)
            matches.append(scene.arrive(VERSATILE, range(99)).mean)
            releases.append(scene.become_free().mean)
            assert scene.closing is not None
            closes.append(scene.closing.mean)
    toggle = max(figure(pauses), figure(returns), key=lambda each: each.value)
    end = max(figure(closes), figure(releases), key=lambda each: each.value)
    return [
        at_most(name, toggle, 200, "µs, toggle", _told(to_break=pauses, back=returns)),
        at_most(name, figure(matches), 200, "µs, match"),
        at_most(name, end, 200, "µs, end", _told(conversation=closes, wrap_up=releases)),
    ]


def _told(**times: list[float]) -> str:
    return ", ".join(
        f"{what.replace('_', ' ')} {figure(each).value:.0f} µs" for what, each in times.items()
    )
