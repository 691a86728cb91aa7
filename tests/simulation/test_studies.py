"""The studies, shortened, over the real scripts: always the same seeds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import msgspec
import pytest

from router.simulation.replications import chance
from router.simulation.studies import lanes, patience, pool, ratings, skills
from router.simulation.study import Case, Result, run_case
from router.simulation.textbook import Stay, longest_idle


def shortened(case: Case, minutes: float, warm_up: float, replications: int) -> Case:
    load = msgspec.structs.replace(
        case.load, minutes=minutes, warm_up=warm_up, replications=replications
    )
    return replace(case, load=load)


def quick(url: str, case: Case, minutes: float, warm_up: float, replications: int) -> Result:
    return run_case(shortened(case, minutes, warm_up, replications), url, lambda _: None)


@pytest.mark.parametrize("case", pool.cases(1), ids=lambda case: f"load {case.name}")
def test_a_pool_waits_as_the_textbook_says_contact_by_contact(url: str, case: Case):
    """The textbook's recursion comes to the exact values (test_exact.py), and this to it."""
    result = quick(url, case, 90, 25, 1)
    (row,) = pool.tell([result]).rows
    assert row["same_as_textbook"] == len(result.outcomes[0].visits) > 600
    waits = Counter(visit.waited for visit in result.outcomes[0].visits)
    assert waits[True] > 10, "a run in which nobody waits shows nothing"


@pytest.mark.parametrize("case", patience.cases(1), ids=lambda case: f"{case.name} agents")
def test_impatient_callers_give_up_as_the_textbook_says_contact_by_contact(url: str, case: Case):
    result = quick(url, case, 100, 25, 1)
    (row,) = patience.tell([result]).rows
    assert row["same_as_textbook"] > 800
    ends = Counter(visit.outcome for visit in result.outcomes[0].visits)
    assert ends["abandoned"] > 3


def one_by_one(case: Case) -> Case:
    """Each agent a group of their own, signed in a moment after the one before."""
    each = (group for group in case.load.agents for _ in range(group.count))
    agents = tuple(
        msgspec.structs.replace(group, name=f"{place}", count=1, starts=place / 60_000)
        for place, group in enumerate(each)
    )
    return replace(case, load=msgspec.structs.replace(case.load, agents=agents))


@pytest.mark.parametrize("case", skills.cases(1), ids=lambda case: case.name)
def test_agents_with_several_skills_serve_as_the_textbook_says(url: str, case: Case):
    """Who is idle longest is asked, and who is free takes the oldest, whatever the types."""
    result = quick(url, one_by_one(case), 90, 25, 1)
    load = result.case.load
    expected = longest_idle(load, chance(load.seed, 0))
    found = [Stay(v.at_ms, v.wait_ms, v.outcome) for v in result.outcomes[0].visits]
    assert sorted(found) == sorted(expected)
    assert sum(stay.wait_ms > 0 for stay in found) > 10


def test_a_lane_and_a_reserve_let_experts_wait_less_and_customers_more(url: str):
    rows = lanes.tell([quick(url, case, 100, 30, 1) for case in lanes.cases(1)]).rows
    experts = [row["experts_seconds"].mean for row in rows]
    customers = [row["customers_seconds"].mean for row in rows]
    assert experts == sorted(experts, reverse=True)
    assert experts[0] > 120, "who is not recognised talks to tier 1 first"
    assert customers[2:] == sorted(customers[2:])
    assert customers[-1] > 2 * customers[2]


def test_better_rated_agents_first_resolves_more_and_holding_out_waits_more(url: str):
    wanted = ("55% longest idle", "55% best rated", "55% 60 s")
    cases = [case for case in ratings.cases(1) if case.name in wanted]
    idle, best, hold_out = ratings.tell([quick(url, case, 160, 60, 1) for case in cases]).rows
    assert idle["wait_seconds"].mean == best["wait_seconds"].mean
    assert idle["resolved"].mean + 0.03 < best["resolved"].mean < hold_out["resolved"].mean
    assert best["wait_seconds"].mean + 5 < hold_out["wait_seconds"].mean < 60
