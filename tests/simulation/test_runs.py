"""Simulated runs over the real scripts: short ones, always with the same seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from router.errors import Invalid
from router.queues.policy import Policy, parse
from router.queues.rules import Rules, parse_rules
from router.simulation.company import Company
from router.simulation.figures import figures, waiting_over_time
from router.simulation.load import parse_load
from router.simulation.people import Outcome, Visit
from router.simulation.replications import simulate


def parse_document(document: dict[str, Any]) -> tuple[dict[str, Policy], Rules]:
    queues = {slug: parse(policy) for slug, policy in document["queues"].items()}
    return queues, parse_rules(document.get("rules", {}))


Simulated = Callable[..., list[Outcome]]


@pytest.fixture
def run(url: str) -> Simulated:
    def play(policy: dict[str, Any], load: dict[str, Any]) -> list[Outcome]:
        queues, rules = parse_document(policy)
        return simulate(Company(queues, rules, parse_load(load)), url, lambda _: None)

    return play


def only(outcomes: list[Outcome]) -> list[Visit]:
    (outcome,) = outcomes
    return outcome.visits


def test_the_same_seed_is_the_same_run_and_another_seed_another(run: Simulated):
    load = {
        "streams": [{"queue": "q", "rate": 3, "service": 60, "patience": 30}],
        "agents": [{"name": "all", "count": 3, "reaction": 4, "misses": 0.1, "declines": 0.1}],
        "minutes": 60,
        "warm_up": 0,
        "replications": 2,
    }
    first, again = run({"queues": {"q": {}}}, load), run({"queues": {"q": {}}}, load)
    assert [outcome.visits for outcome in first] == [outcome.visits for outcome in again]
    assert first[0].visits != first[1].visits
    assert run({"queues": {"q": {}}}, load | {"seed": 2})[0].visits != first[0].visits


def test_an_offer_that_is_missed_goes_to_the_next_agent_at_its_deadline(run: Simulated):
    visits = only(
        run(
            {"queues": {"q": {"offer_seconds": {"voice": 20}}}},
            {
                "streams": [{"queue": "q", "rate": 0.5, "service": 10}],
                "agents": [
                    {"name": "asleep", "count": 1, "misses": 1.0, "back": 100_000},
                    {"name": "awake", "count": 1, "starts": 1.0},
                ],
                "minutes": 30,
                "warm_up": 0,
                "replications": 1,
            },
        )
    )
    assert {visit.outcome for visit in visits} == {"answered"}
    missed = [visit for visit in visits if 20_000 < visit.wait_ms < 20_100]
    assert len(missed) == 1, "who slept is on break afterwards, and asked no more"


def test_who_declines_is_not_asked_again_at_once_and_nobody_is_lost(run: Simulated):
    outcomes = run(
        {"queues": {"q": {"retry_seconds": 30, "refusals": {"declines": 0}}}},
        {
            "streams": [{"queue": "q", "rate": 2, "service": 20}],
            "agents": [{"name": "picky", "count": 2, "declines": 0.5}],
            "minutes": 60,
            "warm_up": 0,
            "replications": 1,
        },
    )
    visits = only(outcomes)
    assert {visit.outcome for visit in visits} == {"answered"}
    # both had declined: the exclusion's end, a due time of the scripts, brings it back
    assert any(29_000 < visit.wait_ms < 31_000 for visit in visits)


def test_a_contact_takes_its_next_step_at_the_moment_it_is_due(run: Simulated):
    visits = only(
        run(
            {"queues": {"q": {"steps": [{"tiers": [2], "seconds": 45}, {"tiers": [1, 2]}]}}},
            {
                "streams": [{"queue": "q", "rate": 0.2, "service": 1}],
                "agents": [{"name": "crowd", "count": 5}],
                "minutes": 60,
                "warm_up": 0,
                "replications": 1,
            },
        )
    )
    assert {visit.wait_ms for visit in visits} == {45_000}


def test_who_nobody_can_serve_is_told_as_left_and_the_run_ends(run: Simulated):
    load = {
        "streams": [
            {"queue": "q", "name": "spanish", "language": "es", "rate": 1, "service": 60},
            {"queue": "q", "name": "english", "rate": 1, "service": 60},
        ],
        "agents": [{"name": "all", "count": 9}],
        "minutes": 30,
        "warm_up": 0,
        "replications": 1,
    }
    outcomes = run({"queues": {"q": {}}}, load)
    ends = Counter((visit.stream, visit.outcome) for visit in only(outcomes))
    assert set(ends) == {(0, "left"), (1, "answered")}
    told = figures(outcomes, parse_load(load), parse_document({"queues": {"q": {}}})[0])
    assert told.waits[0].left == ends[0, "left"]


def test_overflow_by_length_and_by_wait_leads_elsewhere(run: Simulated):
    policy = {
        "queues": {
            "short": {"overflow": [{"on": "length", "most": 2, "then": {"to": "voicemail"}}]},
            "slow": {
                "overflow": [{"on": "wait", "most": 60, "then": {"to": "queue", "queue": "short"}}],
                "steps": [{"tiers": [9]}],
            },
        }
    }
    load = {
        "streams": [
            {"queue": "short", "name": "short", "rate": 6, "service": 60},
            {"queue": "slow", "name": "slow", "rate": 0.2, "service": 1},
        ],
        "agents": [{"name": "few", "count": 2}],
        "minutes": 40,
        "warm_up": 0,
        "replications": 1,
    }
    visits = only(run(policy, load))
    slow = [visit for visit in visits if visit.queue == "slow"]
    assert {(visit.outcome, visit.wait_ms) for visit in slow} == {("diverted", 60_000)}
    assert any(visit.queue == "short" and visit.stream == 1 for visit in visits)
    line = waiting_over_time([Outcome(visits, [], 0)], parse_load(load), "short", 400)
    assert 1 < max(waiting for _, waiting in line) <= 2.0


def test_an_escalated_contact_comes_to_the_house_while_tier_one_wraps_up(run: Simulated):
    outcomes = run(
        {
            "queues": {
                "customers": {"escalates_to": "house", "wrap_up_seconds": 30},
                "house": {"steps": [{"tiers": [2]}], "wrap_up_seconds": 0},
            }
        },
        {
            "streams": [
                {
                    "queue": "customers",
                    "rate": 0.1,
                    "service": {"mean": 100, "shape": "fixed"},
                    "wrap_up": {"mean": 1000, "shape": "fixed"},
                    "escalation": {"share": 1.0, "service": {"mean": 50, "shape": "fixed"}},
                }
            ],
            "agents": [
                {"name": "crowd", "count": 9},
                {"name": "house", "count": 9, "tier": 2, "resolves": 1},
            ],
            "minutes": 200,
            "warm_up": 0,
            "replications": 1,
        },
    )
    visits = only(outcomes)
    first = [visit for visit in visits if visit.queue == "customers"]
    second = [visit for visit in visits if visit.queue == "house"]
    assert len(second) == len(first) > 5
    assert {visit.age_ms for visit in second} == {100_000}
    assert not any(visit.resolved for visit in first)
    assert all(visit.resolved for visit in second)
    busy = Counter[int]()
    for agent in outcomes[0].agents:
        busy[agent.place] += agent.busy_ms
    # the last may still be in hand at the end
    assert busy[0] == pytest.approx(130_000 * len(first), rel=0.05)
    assert busy[1] == pytest.approx(50_000 * len(second), rel=0.05)


def test_several_chats_at_once_are_one_persons_work(run: Simulated):
    outcomes = run(
        {"queues": {"q": {"steps": [{"strategy": "least_loaded"}], "wrap_up_seconds": 0}}},
        {
            "streams": [{"queue": "q", "channel": "chat", "rate": 3, "service": 300}],
            "agents": [{"name": "all", "count": 8, "capacity": {"chat": 3}}],
            "minutes": 200,
            "warm_up": 50,
            "replications": 1,
        },
    )
    (outcome,) = outcomes
    held = sum(visit.outcome == "answered" for visit in outcome.visits) * 5 / 200
    busy = sum(agent.busy_ms for agent in outcome.agents) / 60_000 / 150
    assert busy <= 8 < held


def test_an_agent_who_goes_home_ends_what_is_in_hand_and_gets_no_more(run: Simulated):
    outcomes = run(
        {"queues": {"q": {"wrap_up_seconds": 0}}},
        {
            "streams": [{"queue": "q", "rate": 4, "service": 120, "patience": 60}],
            "agents": [
                {"name": "early", "count": 5, "ends": 60},
                {"name": "late", "count": 5, "starts": 60},
            ],
            "minutes": 120,
            "warm_up": 0,
            "replications": 1,
        },
    )
    for visit in only(outcomes):
        if visit.outcome == "answered":
            assert visit.group == (0 if visit.at_ms + visit.wait_ms < 3_600_000 else 1)


def test_rates_swell_and_ebb_as_the_load_says(run: Simulated):
    visits = only(
        run(
            {"queues": {"q": {}}},
            {
                "streams": [{"queue": "q", "rate": [2, 0, 8], "service": 1}],
                "agents": [{"name": "all", "count": 5}],
                "minutes": 300,
                "warm_up": 0,
                "replications": 1,
            },
        )
    )
    thirds = Counter(visit.at_ms // 6_000_000 for visit in visits)
    assert thirds[0] == pytest.approx(200, abs=45)
    assert thirds[1] == 0
    assert thirds[2] == pytest.approx(800, abs=90)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"streams": [{"queue": "none", "rate": 1, "service": 1}]}, "streams[0].queue"),
        ({"streams": [{"queue": "q", "rate": 0, "service": 1}]}, "streams[0].rate"),
        ({"streams": [{"queue": "q", "rate": 1}]}, "streams[0]"),
        ({"agents": [{"name": "a", "count": 0}]}, "agents[0].count"),
        ({"warm_up": 90}, "warm_up"),
        ({"trunks": {"none": 3}}, "trunks"),
        (
            {
                "streams": [
                    {
                        "queue": "q",
                        "rate": 1,
                        "service": 1,
                        "escalation": {"share": 0.1, "service": 1},
                    }
                ]
            },
            "streams[0].escalation.queue",
        ),
    ],
)
def test_a_load_that_cannot_be_played_is_refused_by_its_field(change: dict[str, Any], field: str):
    load = {
        "streams": [{"queue": "q", "rate": 1, "service": 1}],
        "agents": [{"name": "a", "count": 1}],
        "minutes": 90,
        "warm_up": 0,
    }
    queues, rules = parse_document({"queues": {"q": {}}})
    with pytest.raises(Invalid) as refused:
        Company(queues, rules, parse_load(load | change))
    assert refused.value.field == field
