"""How long a place in line is expected to take. Pure.

The wait of a place is its position times the gap, the mean time between two answers of its queue
while somebody waits. The gap is measured where there were answers, and worked out where there
were none yet; docs/statistics.md has how far off both are.
"""

from __future__ import annotations

LONGEST_TOLD_S = 3600
"""Past an hour a figure only pretends to knowledge."""

GAPS_REMEMBERED = 20
"""The gap is the mean of so many; after that each new one weighs as one of them."""


def expected_wait_s(position: int, gap_ms: float, *, servable: bool) -> int | None:
    """Seconds until this place is answered, rounded for telling; None when nothing is known.

    position: from 1. gap_ms: the mean time between two answers of this queue while somebody
    waits; 0: not known. servable: somebody signed in could serve it. Under 2 minutes it is
    rounded up to half minutes, above to minutes; more than an hour is told as an hour.
    """
    if not servable or gap_ms <= 0:
        return None
    seconds = min(position * gap_ms / 1000, LONGEST_TOLD_S)
    grain = 30 if seconds <= 120 else 60
    return max(grain, int(-(-seconds // grain)) * grain)


def next_gap(
    gap_ms: float, known: int, *, since_answer_ms: float, waited_ms: float
) -> tuple[float, int]:
    """The gap after one more answer, and of how many it is the mean; as `hold.lua` keeps it.

    since_answer_ms: since the queue's last answer. waited_ms: how long the one answered now had
    waited; before that nobody was in line, and an empty line says nothing of how fast it moves.
    """
    seen = min(since_answer_ms, waited_ms)
    known = min(known + 1, GAPS_REMEMBERED)
    return gap_ms + (seen - gap_ms) / known, known


def gap_of(mean_handling_ms: float, in_hand: int) -> float:
    """The gap to expect when so many contacts of a queue are in hand; 0: not known.

    Little's law: what is in hand is the rate of answers times the handling time.
    """
    return mean_handling_ms / in_hand if in_hand else 0.0


def told_position(position: int, last_told: int | None) -> int:
    """The position to tell: never worse than the last one told.

    Somebody with a head start may have come in between; whoever hears 3 and then 4 hangs up.
    """
    return position if last_told is None else min(position, last_told)
