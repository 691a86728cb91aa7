"""One policy against another, for the very same people. Pure.

A replication brings both policies the same contacts with the same patience and service, so the
difference within each replication is told: what chance did to both is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from router.queues.policy import Policy
from router.simulation.figures import batches, mean_wait, share
from router.simulation.intervals import Interval, interval
from router.simulation.load import Load
from router.simulation.people import Outcome, Visit
from router.simulation.report import bounded, percent, table


@dataclass(frozen=True)
class Difference:
    """How much more of it there is with the other policy, in one queue.

    mean_wait: seconds, of who was not blocked. abandoned, within: shares; within each policy's
    own target.
    """

    queue: str
    mean_wait: Interval
    abandoned: Interval
    within: Interval


def differences(
    before: Sequence[Outcome],
    after: Sequence[Outcome],
    load: Load,
    policies: tuple[Mapping[str, Policy], Mapping[str, Policy]],
) -> tuple[Difference, ...]:
    """Of each queue that contacts came to under both policies. policies: before and after."""
    runs = batches(before, load), batches(after, load)
    found = []
    for slug in sorted(set(policies[0]) & set(policies[1])):
        here = [[[v for v in batch if v.queue == slug] for batch in run] for run in runs]
        if not all(any(run) for run in here):
            continue
        limits = [policy[slug].target.seconds * 1000 for policy in policies]

        def more(
            measure: Callable[[Sequence[Visit], int], float],
            here: list[list[list[Visit]]] = here,
            limits: list[int] = limits,
        ) -> Interval:
            pairs = zip(*here, strict=True)
            return interval([measure(b, limits[1]) - measure(a, limits[0]) for a, b in pairs])

        found.append(Difference(slug, more(_mean_wait), more(_abandoned), more(_within)))
    return tuple(found)


def _admitted(visits: Sequence[Visit]) -> list[Visit]:
    return [visit for visit in visits if visit.outcome != "blocked"]


def _mean_wait(visits: Sequence[Visit], _limit_ms: int) -> float:
    return mean_wait(_admitted(visits))


def _abandoned(visits: Sequence[Visit], _limit_ms: int) -> float:
    return share(_admitted(visits), lambda visit: visit.outcome == "abandoned")


def _within(visits: Sequence[Visit], limit_ms: int) -> float:
    ended = [visit for visit in visits if visit.outcome in ("answered", "abandoned")]
    return share(ended, lambda visit: visit.outcome == "answered" and visit.wait_ms <= limit_ms)


def lines(found: Sequence[Difference]) -> list[str]:
    """The differences as a table."""
    return table(
        ("difference", "mean wait", "gave up", "within target"),
        [
            (
                row.queue,
                f"{_signed(bounded(row.mean_wait), row.mean_wait)} s",
                _signed(percent(row.abandoned), row.abandoned),
                _signed(percent(row.within), row.within),
            )
            for row in found
        ],
    )


def _signed(text: str, value: Interval) -> str:
    return f"+{text}" if value.mean > 0 else text
