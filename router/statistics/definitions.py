"""What each figure is: counts that add up, and the ratios that are made of them. Pure.

docs/statistics.md has every formula with its reasons. A ratio is always made of summed counts,
never of other ratios, so that a day is right when its quarters of an hour are.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Dimension = Literal["queue", "agent", "tier", "channel"]

INTERVAL_S = 900
"""A quarter of an hour: every time zone's offset is a multiple of it."""

LONGEST = "longest_wait_ms"
"""The one count that is no sum: of two intervals it is the greater."""

HELD_SHARE, HELD_MS = 0.5, 30_000
"""An expected wait held if it was off by no more than half of the wait or half a minute."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted in some time about a queue, agent, tier, channel or all.

    entered: contacts put in line, or back in line by an agent who was lost.
    answered: by being connected to an agent; answered_within: after no more than the target.
    wait_ms: of those answered; longest_wait_ms: of all who left a line.
    abandoned: the person left before; abandoned_short: so soon that nobody could have answered.
    left_message: the person left a message instead of waiting.
    left_otherwise: moved to another queue, closed, a callback that was not picked up.
    offers_*: what became of offers. handled: conversations whose wrap-up is over;
    connecting_ms, conversation_ms, wrap_up_ms: their parts. not_connected: accepts without one,
    where no message was heard.
    handling_ms: time of handlings, each for itself; busy_ms: time with at least one.
    staffed_ms: available or busy; signed_in_ms: that, or on break.
    estimates: contacts who had been told a wait, answered; estimates_held: the wait came about;
    estimate_error_ms: told minus actual, summed; estimate_absolute_error_ms: without its sign.
    messages: left by people, also out of hours; messages_answered: somebody has dealt with them,
    messages_answer_ms: after so long; messages_in_time: by their deadline; messages_overdue:
    their deadline passed before.
    """

    entered: int = 0
    answered: int = 0
    answered_within: int = 0
    wait_ms: int = 0
    longest_wait_ms: int = 0
    abandoned: int = 0
    abandoned_short: int = 0
    abandoned_wait_ms: int = 0
    left_otherwise: int = 0
    offers_accepted: int = 0
    offers_declined: int = 0
    offers_missed: int = 0
    offers_withdrawn: int = 0
    handled: int = 0
    not_connected: int = 0
    connecting_ms: int = 0
    conversation_ms: int = 0
    wrap_up_ms: int = 0
    handling_ms: int = 0
    busy_ms: int = 0
    staffed_ms: int = 0
    signed_in_ms: int = 0
    estimates: int = 0
    estimates_held: int = 0
    estimate_error_ms: int = 0
    estimate_absolute_error_ms: int = 0
    left_message: int = 0
    messages: int = 0
    messages_answered: int = 0
    messages_in_time: int = 0
    messages_overdue: int = 0
    messages_answer_ms: int = 0

    def __add__(self, other: Counts) -> Counts:
        """The counts of both times together."""
        return Counts(
            **{
                name: (max if name == LONGEST else _sum)(getattr(self, name), getattr(other, name))
                for name in NAMES
            }
        )


NAMES = Counts.__struct_fields__


def _sum(a: int, b: int) -> int:
    return a + b


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What supervisors read; None where there is nothing to divide by, or no such figure.

    Shares are 0 to 1; times are milliseconds. `figures` has the formulas.
    """

    service_level_of_answered: float | None
    service_level: float | None
    service_level_without_short: float | None
    asa_ms: float | None
    abandonment: float | None
    abandonment_without_short: float | None
    aht_ms: float | None
    mean_conversation_ms: float | None
    mean_wrap_up_ms: float | None
    mean_connecting_ms: float | None
    occupancy: float | None
    utilisation: float | None
    concurrency: float | None
    offers_made: int
    acceptance: float | None
    estimate_bias_ms: float | None
    estimate_error_ms: float | None
    estimate_held: float | None
    message_level: float | None
    message_answer_ms: float | None


def figures(c: Counts, dimension: str = "all") -> Figures:
    """The figures of these counts. dimension: whose they are.

    Who abandons had no agent, so agents and tiers have no figure that counts them; who is
    available is so for all their queues and channels, so those have no occupancy.
    """
    lines = dimension not in ("agent", "tier")
    people = dimension not in ("queue", "channel")
    judged = c.answered + c.abandoned
    long = judged - c.abandoned_short
    answers_to_offers = c.offers_accepted + c.offers_declined + c.offers_missed
    return Figures(
        service_level_of_answered=_ratio(c.answered_within, c.answered),
        service_level=_ratio(c.answered_within, judged) if lines else None,
        service_level_without_short=_ratio(c.answered_within, long) if lines else None,
        asa_ms=_ratio(c.wait_ms, c.answered),
        abandonment=_ratio(c.abandoned, judged) if lines else None,
        abandonment_without_short=(
            _ratio(c.abandoned - c.abandoned_short, long) if lines else None
        ),
        aht_ms=_ratio(c.conversation_ms + c.wrap_up_ms, c.handled),
        mean_conversation_ms=_ratio(c.conversation_ms, c.handled),
        mean_wrap_up_ms=_ratio(c.wrap_up_ms, c.handled),
        mean_connecting_ms=_ratio(c.connecting_ms, c.handled),
        occupancy=_ratio(c.busy_ms, c.staffed_ms) if people else None,
        utilisation=_ratio(c.busy_ms, c.signed_in_ms) if people else None,
        concurrency=_ratio(c.handling_ms, c.busy_ms) if people else None,
        offers_made=answers_to_offers + c.offers_withdrawn,
        acceptance=_ratio(c.offers_accepted, answers_to_offers),
        estimate_bias_ms=_ratio(c.estimate_error_ms, c.estimates),
        estimate_error_ms=_ratio(c.estimate_absolute_error_ms, c.estimates),
        estimate_held=_ratio(c.estimates_held, c.estimates),
        message_level=(
            _ratio(c.messages_in_time, c.messages_in_time + c.messages_overdue) if lines else None
        ),
        message_answer_ms=_ratio(c.messages_answer_ms, c.messages_answered),
    )


def held(estimate_ms: int, actual_ms: int) -> bool:
    """Whether the wait that was told came about."""
    return abs(estimate_ms - actual_ms) <= max(HELD_MS, HELD_SHARE * actual_ms)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
