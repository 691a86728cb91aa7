"""What a study is: cases, each a policy under a load, and what their figures tell together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Protocol

from router.queues.policy import parse
from router.queues.rules import parse_rules
from router.simulation.company import Company
from router.simulation.figures import Figures, figures
from router.simulation.intervals import Interval, controlled
from router.simulation.load import Load, duration
from router.simulation.people import Outcome, Visit
from router.simulation.replications import simulate


@dataclass(frozen=True)
class Case:
    """One policy under one load. policies: documents by slug. rules: the workspace's."""

    name: str
    policies: dict[str, Any]
    load: Load
    rules: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What a case brought."""

    case: Case
    figures: Figures
    outcomes: Sequence[Outcome]

    def by_run(self, measure: Callable[[list[Visit]], float]) -> list[float]:
        """A measure of the counted visits of each replication."""
        warm = round(self.case.load.warm_up * 60_000)
        return [measure([v for v in o.visits if v.at_ms >= warm]) for o in self.outcomes]

    def adjusted(self, measure: Callable[[list[Visit]], float], told: int = 1) -> Interval:
        """The measure, with the work that came by chance taken out.

        told: so many intervals of the study hold the truth at 95 % all together.
        """
        load = self.case.load
        minutes = load.minutes - load.warm_up
        expected = sum(s.most * duration(s.service).mean / 60 for s in load.streams)
        came = [outcome.offered_ms / 60_000 / minutes for outcome in self.outcomes]
        return controlled(self.by_run(measure), came, expected, told)


def waited(visits: list[Visit]) -> float:
    """The share of who was not blocked for whom nobody was free at once."""
    return fmean(visit.waited for visit in visits if visit.outcome != "blocked")


def wait_minutes(visits: list[Visit]) -> float:
    """The mean wait of who was not blocked."""
    return fmean(visit.wait_ms / 60_000 for visit in visits if visit.outcome != "blocked")


def blocked(visits: list[Visit]) -> float:
    """The share of all who were turned away."""
    return fmean(visit.outcome == "blocked" for visit in visits)


def abandoned(visits: list[Visit]) -> float:
    """The share of who was not blocked that gave up."""
    return fmean(visit.outcome == "abandoned" for visit in visits if visit.outcome != "blocked")


@dataclass(frozen=True)
class Told:
    """A study's findings: a table for people, rows for machines, SVG texts by file name."""

    lines: list[str]
    rows: list[dict[str, Any]]
    pictures: dict[str, str]


class Study(Protocol):
    """A module of `router/simulation/studies/`. scale: length of the runs, 1 for the docs."""

    @property
    def WHAT(self) -> str: ...

    def cases(self, scale: float) -> list[Case]: ...
    def tell(self, results: Sequence[Result]) -> Told: ...


def run_case(case: Case, url: str, watch: Callable[[int], None]) -> Result:
    """The case's replications on this server."""
    policies = {slug: parse(document) for slug, document in case.policies.items()}
    company = Company(policies, parse_rules(case.rules), case.load)
    outcomes = simulate(company, url, watch)
    return Result(case, figures(outcomes, case.load, policies), outcomes)
