"""Repeats of a load, each with chance of its own, on one embedded server."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from uuid import UUID

from router.embedded.valkey import Valkey
from router.simulation.company import Company
from router.simulation.people import Outcome
from router.simulation.play import Play
from router.simulation.virtual import Scripts, in_turn

AT_ONCE = 3
"""Runs that take turns: while the server works for one, another computes."""
DATABASES = 16
"""That a server has, one for each run at a time."""


@contextmanager
def server() -> Iterator[str]:
    """A throwaway server's URL."""
    with tempfile.TemporaryDirectory(prefix="sl-") as folder:
        valkey = Valkey(Path(folder) / "vk", Path(folder) / "vk.log", throwaway=True)
        valkey.start()
        try:
            yield valkey.url
        finally:
            valkey.process.stop()


def chance(seed: int, number: int) -> Callable[[str], Random]:
    """A replication's sources of chance by name: one's draws do not move the others'."""
    # a text as seed gives unrelated sources
    return lambda name: Random(f"{seed}/{number}/{name}")


async def _replication(
    company: Company, url: str, number: int, watch: Callable[[int], None]
) -> Outcome:
    scripts = Scripts(url, UUID(int=number + 1), number % DATABASES)
    try:
        source = chance(company.load.seed, number)
        outcome = await Play(company, scripts, source, watch).play()
        outcome.scripts = scripts.count
        return outcome
    finally:
        scripts.close()


def simulate(company: Company, url: str, watch: Callable[[int], None]) -> list[Outcome]:
    """All replications of the company's load. watch: told of arrivals as they come."""
    numbers = range(company.load.replications)
    return in_turn((_replication(company, url, n, watch) for n in numbers), AT_ONCE)
