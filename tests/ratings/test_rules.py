"""What ratings mean, and when they are taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import Conflict, Invalid
from router.ratings import rules

ENDED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
stars = st.lists(st.integers(1, 5), max_size=300)


def test_a_newcomer_counts_as_a_usual_agent_in_the_middle_band() -> None:
    assert rules.mean(0, 0) == rules.PRIOR_MEAN == 4.0
    assert rules.band(rules.MIDDLE_BAND, rules.mean(0, 0)) == rules.MIDDLE_BAND


def test_one_rating_moves_no_newcomer_to_another_band() -> None:
    assert {rules.band(2, rules.mean(first, 1)) for first in range(1, 6)} == {2}


def test_who_is_always_rated_well_rises_and_who_is_always_rated_badly_falls() -> None:
    def bands(each: int) -> list[int]:
        band, course = 2, []
        for n in range(1, 41):
            band = rules.band(band, rules.mean(each * n, n))
            course.append(band)
        return course

    assert bands(5)[-1] == 4
    assert bands(1)[-1] == 0
    assert bands(4) == [2] * 40
    assert bands(5) == sorted(bands(5))


@settings(deadline=None)
@given(stars)
def test_the_mean_lies_between_the_prior_and_what_was_given(given_: list[int]) -> None:
    mean = rules.mean(sum(given_), len(given_))
    plain = sum(given_) / len(given_) if given_ else rules.PRIOR_MEAN
    low, high = sorted((plain, rules.PRIOR_MEAN))
    assert low - 1e-9 <= mean <= high + 1e-9


@settings(deadline=None)
@given(st.integers(0, 4), st.floats(1, 5))
def test_the_band_is_a_band_and_settles_at_once(before: int, figure: float) -> None:
    after = rules.band(before, figure)
    assert 0 <= after <= 4
    assert rules.band(after, figure) == after


@settings(deadline=None)
@given(st.floats(1, 5), st.floats(-0.099, 0.099), st.integers(0, 4))
def test_who_has_just_changed_band_does_not_swing_back_by_a_small_change(
    figure: float, change: float, before: int
) -> None:
    after = rules.band(before, figure)
    if after != before:
        back = rules.band(after, figure + change)
        assert (back - after) * (after - before) >= 0


@settings(deadline=None)
@given(st.integers(0, 4), st.floats(1, 5), st.floats(1, 5))
def test_a_better_figure_never_gives_a_lower_band(before: int, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert rules.band(before, low) <= rules.band(before, high)


@pytest.mark.parametrize(
    ("connected", "ended", "after", "state"),
    [
        (True, True, timedelta(0), None),
        (True, True, timedelta(hours=72, seconds=-1), None),
        (True, True, timedelta(hours=72), "closed"),
        (True, False, timedelta(0), "active"),
        (False, True, timedelta(0), "active"),
    ],
)
def test_a_conversation_is_rated_after_it_and_within_the_window(
    connected: bool, ended: bool, after: timedelta, state: str | None
) -> None:
    def ask() -> None:
        rules.check_open(
            state="active",
            connected_at=ENDED - timedelta(minutes=5) if connected else None,
            ended_at=ENDED if ended else None,
            now=ENDED + after,
            window=timedelta(hours=72),
        )

    if state is None:
        ask()
    else:
        with pytest.raises(Conflict) as caught:
            ask()
        assert caught.value.state == state


def test_the_window_is_policy() -> None:
    assert rules.window({}) == timedelta(hours=72)
    assert rules.window({"ratings": {"window_hours": 24}}) == timedelta(hours=24)
    for bad in ({"window_hours": 0}, {"window_hours": "x"}, {"hours": 1}, 7):
        with pytest.raises(Invalid):
            rules.window({"ratings": bad})
