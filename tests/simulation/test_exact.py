"""The yardsticks: exact values of queues, the textbook's recursion, and intervals."""

from __future__ import annotations

import math
from random import Random
from statistics import fmean

import msgspec
import pytest

from router.simulation import erlang
from router.simulation.charts import ticks
from router.simulation.figures import occupancy
from router.simulation.intervals import controlled, interval, percentile, student_t
from router.simulation.load import Duration, parse_load
from router.simulation.people import Agent
from router.simulation.report import bounded, number, table
from router.simulation.studies import patience, pool, skills
from router.simulation.textbook import first_come, longest_idle


@pytest.mark.parametrize(
    ("load", "waits", "minutes", "blocked"),
    [
        (77.4, 0.1093, 0.083, 0.00017),
        (84.0, 0.3797, 0.450, 0.00364),
        (90.0, 0.7217, 1.243, 0.02349),
    ],
)
def test_the_values_of_m_m_90_120(load: float, waits: float, minutes: float, blocked: float):
    value = pool.exact(load)
    assert value.waits == pytest.approx(waits, abs=0.00005)
    assert value.mean_wait == pytest.approx(minutes, abs=0.0005)
    assert value.blocked == pytest.approx(blocked, abs=0.000006)


@pytest.mark.parametrize(("agents", "abandoned"), [(90, 0.0492), (95, 0.0256), (100, 0.0113)])
def test_the_values_of_erlang_a(agents: int, abandoned: float):
    assert patience.exact(agents).abandoned == pytest.approx(abandoned, abs=0.00005)


def test_the_values_agree_with_the_closed_forms_of_one_agent_and_of_erlang_b():
    one = erlang.queue(agents=1, rate=0.8, service=1)
    assert one.waits == pytest.approx(0.8)
    assert one.mean_wait == pytest.approx(0.8 / (1 - 0.8))
    assert one.present == pytest.approx(0.8 / 0.2)
    # ten trunks, seven Erlang, nobody waits: Erlang's B
    lost = erlang.queue(agents=10, rate=7, service=1, places=10)
    terms = [7**n / math.factorial(n) for n in range(11)]
    assert lost.blocked == pytest.approx(terms[10] / sum(terms))
    assert lost.occupancy == pytest.approx(7 * (1 - lost.blocked) / 10)


def test_what_comes_in_and_is_not_blocked_is_served_or_gives_up():
    value = erlang.queue(agents=50, rate=6, service=10, patience=3, places=70)
    served = value.occupancy * 50 / 10
    assert served == pytest.approx(6 * (1 - value.blocked) * (1 - value.abandoned))


def test_a_line_that_grows_for_ever_has_no_values():
    with pytest.raises(ValueError, match="more comes in"):
        erlang.queue(agents=9, rate=1, service=9)


def test_the_textbooks_recursion_comes_to_the_exact_values():
    """The recursion is what simulated runs are compared with, contact by contact."""
    load = parse_load(
        {
            "streams": [{"queue": "q", "rate": 0.9, "service": 600, "patience": 400}],
            "agents": [{"name": "all", "count": 8}],
            "trunks": {"q": 12},
            "minutes": 150_000,
        }
    )
    stays = first_come(load, lambda name: Random(f"7/{name}"))
    value = erlang.queue(agents=8, rate=0.9, service=10, patience=400 / 60, places=12)
    admitted = [stay for stay in stays if stay.outcome != "blocked"]
    assert len(stays) == pytest.approx(0.9 * 150_000, rel=0.02)
    assert 1 - len(admitted) / len(stays) == pytest.approx(value.blocked, abs=0.003)
    gave_up = sum(stay.outcome == "abandoned" for stay in admitted) / len(admitted)
    assert gave_up == pytest.approx(value.abandoned, abs=0.004)
    mean = sum(stay.wait_ms for stay in admitted) / len(admitted) / 60_000
    assert mean == pytest.approx(value.mean_wait, rel=0.03)


def test_two_well_chosen_skills_do_nearly_as_well_as_six():
    """By the textbook, which the scripts follow contact by contact (test_runs.py)."""
    cases = {case.name: case for case in skills.cases(1)}

    def mean_wait(choice: str) -> float:
        load = msgspec.structs.replace(cases[choice].load, minutes=9_000.0)
        stays = longest_idle(load, lambda name: Random(f"9/{name}"))
        return fmean(stay.wait_ms for stay in stays if stay.outcome == "answered")

    six = mean_wait("6")
    assert mean_wait("2 spread") < 1.4 * six
    assert mean_wait("1") > 4 * six


def test_an_interval_holds_the_truth_in_nineteen_of_twenty():
    chance = Random(3)
    held = sum(interval([chance.gauss(10, 2) for _ in range(5)]).holds(10) for _ in range(4_000))
    assert held / 4_000 == pytest.approx(0.95, abs=0.012)


def test_a_control_takes_out_what_came_by_chance_and_still_holds_the_truth():
    chance = Random(4)
    held, plain, sharper = 0, 0.0, 0.0
    for _ in range(2_000):
        controls = [chance.gauss(84, 3) for _ in range(10)]
        values = [0.4 + 0.05 * (control - 84) + chance.gauss(0, 0.05) for control in controls]
        found = controlled(values, controls, 84)
        held += found.holds(0.4)
        sharper += found.half
        plain += interval(values).half
    assert held / 2_000 == pytest.approx(0.95, abs=0.015)
    assert sharper < plain / 2


def test_one_value_alone_has_no_interval_and_empty_batches_are_left_out():
    assert math.isnan(interval([3.0]).half)
    assert interval([1.0, math.nan, 3.0]).mean == 2.0
    assert math.isnan(interval([]).mean)


def test_student_t_meets_its_tables_on_both_sides_of_ours():
    assert student_t(4) == 2.776
    assert student_t(40) == pytest.approx(2.021, abs=0.001)
    assert student_t(120) == pytest.approx(1.980, abs=0.001)
    # 99.5 %, as a table of Bonferroni intervals for five has it
    assert student_t(20, told=5) == pytest.approx(2.845, abs=0.002)
    assert student_t(28, told=5) == pytest.approx(2.763, abs=0.002)


def test_a_percentile_is_the_smallest_that_so_many_do_not_exceed():
    assert percentile([1, 2, 3, 4], 0.5) == 2
    assert percentile([1, 2, 3, 4], 0.99) == 4
    assert math.isnan(percentile([], 0.5))


def test_durations_have_the_mean_and_spread_that_they_say():
    chance = Random(5)
    long = Duration(mean=300, shape="lognormal", spread=0.8)
    drawn = [long.draw(chance) / 1000 for _ in range(60_000)]
    mean = sum(drawn) / len(drawn)
    deviation = math.sqrt(sum((each - mean) ** 2 for each in drawn) / len(drawn))
    assert mean == pytest.approx(300, rel=0.02)
    assert deviation / mean == pytest.approx(0.8, rel=0.05)
    assert Duration(mean=7, shape="fixed").draw(chance) == 7_000


def test_numbers_are_told_as_exactly_as_they_are_known():
    assert bounded(interval([10.0, 10.4, 10.2])) == "10.20 ± 0.50"
    assert number(1234.5) == "1,234"
    assert table(("a", "b"), [("xx", "1"), ("y", "22")]) == ["a    b", "xx   1", "y   22"]


def test_axes_have_round_numbers_that_span_the_values():
    assert ticks(0, 5) == [0, 1, 2, 3, 4, 5]
    assert ticks(0, 95)[-1] >= 95
    assert ticks(0, 0.037)[1] == pytest.approx(0.01)


def test_nobody_signed_in_has_no_occupancy():
    group = parse_load(
        {
            "streams": [{"queue": "q", "rate": 1, "service": 1}],
            "agents": [{"name": "a", "count": 1}],
        }
    ).agents[0]
    assert math.isnan(occupancy([Agent("a", 0, group)]))
