"""What it costs to tell somebody their place in line and expected wait, in short and long lines."""

from __future__ import annotations

from router.bench.comparison import compare
from router.bench.pictures import live_store
from router.bench.rows import Row, Tell, at_most
from router.bench.scenes import MATCHES, Scene

FEW, MANY = 100, 100_000


def run(name: str, tell: Tell) -> list[Row]:
    """The ratio of its server time between 100,000 and 100 who wait."""

    def scene(url: str, waiting: int) -> Scene:
        made = Scene(url, tell)
        made.waiting(2 * MATCHES)
        made.busy(MATCHES)
        # answers in a row, so that the line has a pace and a wait can be expected
        made.become_free()
        made.waiting(waiting - MATCHES)
        return made

    with live_store() as few, live_store() as many:
        ways = (("asks", Scene.stand),)
        ratio, told = compare(scene(few, FEW), scene(many, MANY), ways, tell)
    return [at_most(name, ratio, 2, f"x {FEW} who wait", told)]
