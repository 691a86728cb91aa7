"""How long a place in line is expected to take. Pure."""

from __future__ import annotations

LONGEST_TOLD_S = 3600
"""Past an hour a figure only pretends to knowledge."""


def expected_wait_s(position: int, gap_ms: float, *, servable: bool) -> int | None:
    """Seconds until this place is answered, rounded for telling; None when nothing is known.

    position: from 1. gap_ms: the smoothed time between two answers of this line while somebody
    waited. servable: somebody signed in could serve it. Under 2 minutes it is rounded up to
    half minutes, above to minutes; more than an hour is told as an hour.
    """
    if not servable or gap_ms <= 0:
        return None
    seconds = min(position * gap_ms / 1000, LONGEST_TOLD_S)
    grain = 30 if seconds <= 120 else 60
    return max(grain, int(-(-seconds // grain)) * grain)


def told_position(position: int, last_told: int | None) -> int:
    """The position to tell: never worse than the last one told.

    Somebody with a head start may have come in between; whoever hears 3 and then 4 hangs up.
    """
    return position if last_told is None else min(position, last_told)
