"""What ratings mean, and when they are seen. Pure: times and figures are passed in.

**Blind until both are in.** Each side rates without knowing the other's word; both are revealed
together when both are in, or when the window after the conversation is over, and then no more
are taken: nobody answers a bad rating with a bad rating.

**An agent's figure** is a Bayesian mean, `(C·m + sum) / (C + count)`, with m = 4.0 and C = 10: a
newcomer counts as a usual agent (people who rate support at all mostly give 4 or 5), and ten
ratings weigh as much as that assumption. One bad first rating gives 3.7, not 1.0.

**Bands** are what the routing sees: five of them, newcomers in the middle one. An agent changes
band only when the figure is 0.1 beyond the border, so that whoever stands on a border does not
swing with each rating, and the live store hears of few changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec

from router.errors import Conflict, Invalid

PRIOR_MEAN = 4.0
PRIOR_WEIGHT = 10
MIDDLE_BAND = 2
BORDERS = (3.2, 3.65, 4.25, 4.55)
"""Between bands 0|1, 1|2, 2|3 and 3|4."""
MARGIN = 0.1


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workspace's `policy.ratings`. window_hours: after the conversation, for both to rate."""

    window_hours: Annotated[int, msgspec.Meta(ge=1, le=30 * 24)] = 72


def window(policy: Mapping[str, Any]) -> timedelta:
    """How long after a conversation both may rate, by a workspace's policy. Raises Invalid."""
    try:
        hours = msgspec.convert(policy.get("ratings", {}), Policy).window_hours
    except msgspec.ValidationError as error:
        raise Invalid(str(error), field="policy.ratings") from None
    return timedelta(hours=hours)


def mean(total: int, count: int) -> float:
    """The Bayesian mean of so many revealed ratings with this sum of stars."""
    return (PRIOR_WEIGHT * PRIOR_MEAN + total) / (PRIOR_WEIGHT + count)


def band(before: int, figure: float) -> int:
    """The band, 0 to 4, of an agent who was in band `before` and has this mean now."""
    now = before
    while now < len(BORDERS) and figure >= BORDERS[now] + MARGIN:
        now += 1
    while now > 0 and figure < BORDERS[now - 1] - MARGIN:
        now -= 1
    return now


def check_open(
    *,
    state: str,
    connected_at: datetime | None,
    ended_at: datetime | None,
    now: datetime,
    window: timedelta,
) -> None:
    """Raises Conflict unless a handling may be rated now: it took place, is over, not long ago."""
    if ended_at is None:
        raise Conflict("The conversation is not over yet.", state=state)
    if connected_at is None:
        raise Conflict("There was no conversation to rate.", state=state)
    if now >= ended_at + window:
        raise Conflict("The time to rate is over.", state="closed")
