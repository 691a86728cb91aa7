"""Counts add up, and the ratios made of them say what their names say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.statistics.definitions import LONGEST, NAMES, Counts, figures, held

numbers = st.integers(0, 10**9)


@st.composite
def possible(draw: Any) -> Counts:
    """Counts as some time could have them: a part is never more than its whole."""
    c = {name: draw(numbers) for name in NAMES}
    for part, whole in (
        ("answered_within", "answered"),
        ("abandoned_short", "abandoned"),
        ("busy_ms", "handling_ms"),
        ("estimates_held", "estimates"),
    ):
        c[part] = draw(st.integers(0, c[whole]))
    # nothing lasts where nothing was
    for whole, sums in (
        ("answered", ("wait_ms",)),
        ("handled", ("conversation_ms", "wrap_up_ms", "connecting_ms")),
        ("busy_ms", ("handling_ms",)),
        ("estimates", ("estimate_absolute_error_ms",)),
        ("messages_answered", ("messages_answer_ms",)),
    ):
        if c[whole] == 0:
            c |= dict.fromkeys(sums, 0)
    c["staffed_ms"] = c["busy_ms"] + draw(numbers)
    c["signed_in_ms"] = c["staffed_ms"] + draw(numbers)
    c["estimate_error_ms"] = draw(
        st.integers(-c["estimate_absolute_error_ms"], c["estimate_absolute_error_ms"])
    )
    return Counts(**c)


SHARES = (
    "service_level_of_answered",
    "service_level",
    "service_level_without_short",
    "abandonment",
    "abandonment_without_short",
    "occupancy",
    "utilisation",
    "acceptance",
    "estimate_held",
    "message_level",
)


@given(st.lists(possible(), max_size=8), st.randoms())
def test_the_order_and_grouping_of_intervals_do_not_matter(parts: list[Counts], chance: Any):
    total = sum(parts, Counts())
    shuffled = chance.sample(parts, len(parts))
    cut = chance.randint(0, len(parts))
    assert sum(shuffled[:cut], Counts()) + sum(shuffled[cut:], Counts()) == total
    for name in NAMES:
        values = [getattr(part, name) for part in parts]
        if name == LONGEST:
            assert getattr(total, name) == max(values, default=0)
        else:
            assert getattr(total, name) == sum(values)


@given(possible(), possible())
def test_a_ratio_of_the_whole_lies_between_those_of_its_parts(a: Counts, b: Counts):
    whole, first, second = figures(a + b), figures(a), figures(b)
    for name in (*SHARES, "asa_ms", "aht_ms", "concurrency", "estimate_bias_ms"):
        of_parts = [v for v in (getattr(first, name), getattr(second, name)) if v is not None]
        value = getattr(whole, name)
        if not of_parts:
            assert value is None
        else:
            # as far as floating point goes
            slack = 1e-9 * (1 + abs(value))
            assert min(of_parts) - slack <= value <= max(of_parts) + slack


@given(possible())
def test_shares_are_shares_and_the_variants_stand_in_their_order(c: Counts):
    f = figures(c)
    for name in SHARES:
        value = getattr(f, name)
        assert value is None or 0 <= value <= 1
    # to leave somebody out of those who were lost can only make it look better
    levels = (f.service_level, f.service_level_without_short, f.service_level_of_answered)
    known = [level for level in levels if level is not None]
    assert known == sorted(known)
    if f.abandonment is not None and f.abandonment_without_short is not None:
        assert f.abandonment_without_short <= f.abandonment
    if f.utilisation is not None and f.occupancy is not None:
        assert f.utilisation <= f.occupancy
    assert f.concurrency is None or f.concurrency >= 1
    if f.estimate_error_ms is not None and f.estimate_bias_ms is not None:
        assert abs(f.estimate_bias_ms) <= f.estimate_error_ms


@given(possible(), st.sampled_from([name for name in NAMES if name != LONGEST]))
def test_one_more_of_one_thing_changes_only_what_is_made_of_it(c: Counts, name: str):
    """An event that counts once more leaves all that is not made of its count as it was."""
    more = c + Counts(**{name: 1})
    assert [n for n in NAMES if getattr(c, n) != getattr(more, n)] == [name]
    before, after = figures(c), figures(more)
    changed = {n for n in before.__struct_fields__ if getattr(before, n) != getattr(after, n)}
    assert changed <= MADE_OF[name]


ANSWERS = {"service_level_of_answered", "service_level", "service_level_without_short"}
LOSSES = {"abandonment", "abandonment_without_short"}
MADE_OF: dict[str, set[str]] = {name: set() for name in NAMES} | {
    "answered": ANSWERS | LOSSES | {"asa_ms"},
    "answered_within": ANSWERS,
    "wait_ms": {"asa_ms"},
    "abandoned": (ANSWERS | LOSSES) - {"service_level_of_answered"},
    "abandoned_short": {"service_level_without_short", "abandonment_without_short"},
    "offers_accepted": {"offers_made", "acceptance"},
    "offers_declined": {"offers_made", "acceptance"},
    "offers_missed": {"offers_made", "acceptance"},
    "offers_withdrawn": {"offers_made"},
    "handled": {"aht_ms", "mean_conversation_ms", "mean_wrap_up_ms", "mean_connecting_ms"},
    "conversation_ms": {"aht_ms", "mean_conversation_ms"},
    "wrap_up_ms": {"aht_ms", "mean_wrap_up_ms"},
    "connecting_ms": {"mean_connecting_ms"},
    "handling_ms": {"concurrency"},
    "busy_ms": {"occupancy", "utilisation", "concurrency"},
    "staffed_ms": {"occupancy"},
    "signed_in_ms": {"utilisation"},
    "estimates": {"estimate_bias_ms", "estimate_error_ms", "estimate_held"},
    "estimates_held": {"estimate_held"},
    "estimate_error_ms": {"estimate_bias_ms"},
    "estimate_absolute_error_ms": {"estimate_error_ms"},
    "messages_in_time": {"message_level"},
    "messages_overdue": {"message_level"},
    "messages_answered": {"message_answer_ms"},
    "messages_answer_ms": {"message_answer_ms"},
}


def test_an_ordinary_hour_has_the_figures_that_one_works_out_by_hand():
    c = Counts(
        answered=90, answered_within=72, wait_ms=90 * 15_000, abandoned=10, abandoned_short=4,
        handled=88, conversation_ms=88 * 240_000, wrap_up_ms=88 * 60_000,
        handling_ms=30_000_000, busy_ms=24_000_000, staffed_ms=30_000_000,
        signed_in_ms=32_000_000, offers_accepted=90, offers_declined=6, offers_missed=4,
        offers_withdrawn=3, estimates=10, estimates_held=8, estimate_error_ms=-50_000,
        estimate_absolute_error_ms=150_000,
    )  # fmt: skip
    f = figures(c)
    assert f.service_level_of_answered == 72 / 90
    assert f.service_level == 72 / 100
    assert f.service_level_without_short == 72 / 96
    assert (f.asa_ms, f.abandonment, f.abandonment_without_short) == (15_000, 0.1, 6 / 96)
    assert (f.aht_ms, f.mean_conversation_ms, f.mean_wrap_up_ms) == (300_000, 240_000, 60_000)
    assert (f.occupancy, f.utilisation, f.concurrency) == (0.8, 0.75, 1.25)
    assert (f.offers_made, f.acceptance) == (103, 0.9)
    assert (f.estimate_bias_ms, f.estimate_error_ms, f.estimate_held) == (-5000, 15_000, 0.8)


@pytest.mark.parametrize(
    ("dimension", "absent"),
    [
        ("agent", {"service_level", "service_level_without_short", "abandonment", "message_level"}),
        ("tier", {"service_level", "service_level_without_short", "abandonment"}),
        ("queue", {"occupancy", "utilisation", "concurrency"}),
        ("channel", {"occupancy", "utilisation", "concurrency"}),
    ],
)
def test_nobody_is_given_a_figure_that_is_not_theirs(dimension: str, absent: set[str]):
    full = figures(Counts(**dict.fromkeys(NAMES, 1)), dimension)
    assert {n for n in full.__struct_fields__ if getattr(full, n) is None} >= absent


def test_where_nothing_happened_there_is_no_figure():
    empty = figures(Counts())
    values = {name: getattr(empty, name) for name in empty.__struct_fields__}
    assert {name for name, value in values.items() if value is not None} == {"offers_made"}


@given(st.integers(0, 3_600_000), st.integers(0, 7_200_000))
def test_a_wait_held_within_half_a_minute_or_half_of_it(told: int, came: int):
    assert held(came, came)
    assert held(told, came) == (abs(told - came) <= 30_000 or 2 * abs(told - came) <= came)
