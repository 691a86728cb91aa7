"""Means with 95 % confidence intervals from independent repeats. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# Student's t, 97.5 %, for 1 to 30 degrees of freedom
_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


def student_t(freedom: int, told: int = 1) -> float:
    """How many standard errors to both sides hold the truth at 95 %.

    told: so many intervals hold theirs at 95 % all together (Bonferroni).
    """
    if told == 1 and freedom <= len(_T):
        return _T[freedom - 1]
    z = statistics.NormalDist().inv_cdf(1 - 0.025 / told)
    # the expansion of Cornish and Fisher (Abramowitz and Stegun, 26.7.5)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


@dataclass(frozen=True)
class Interval:
    """A mean, and how far to both sides the truth may be, at 95 %. half: NaN where unknown."""

    mean: float
    half: float

    @property
    def low(self) -> float:
        return self.mean - self.half

    @property
    def high(self) -> float:
        return self.mean + self.half

    def times(self, factor: float) -> Interval:
        """The same in another unit."""
        return Interval(self.mean * factor, self.half * factor)

    def holds(self, value: float) -> bool:
        """Whether this value is within."""
        return self.low <= value <= self.high


def interval(values: Sequence[float]) -> Interval:
    """Of independent values: one for each replication, or for each batch of one long run.

    Values that are NaN (a batch in which nobody came) are left out.
    """
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return Interval(math.nan, math.nan)
    mean = statistics.fmean(known)
    if len(known) < 2:
        return Interval(mean, math.nan)
    error = statistics.stdev(known) / math.sqrt(len(known))
    return Interval(mean, student_t(len(known) - 1) * error)


def controlled(
    values: Sequence[float], controls: Sequence[float], expected: float, told: int = 1
) -> Interval:
    """The same of values that move with a control whose mean is known, by linear regression.

    What came by chance is taken out: a replication with more work than expected waits longer.
    told: as for `student_t`.
    """
    count = len(values)
    mean, at = statistics.fmean(values), statistics.fmean(controls)
    spread = sum((control - at) ** 2 for control in controls)
    if count < 4 or spread == 0:
        return interval(values)
    both = zip(values, controls, strict=True)
    slope = sum((value - mean) * (control - at) for value, control in both) / spread
    rest = sum(
        (value - mean - slope * (control - at)) ** 2
        for value, control in zip(values, controls, strict=True)
    )
    error = math.sqrt(rest / (count - 2) * (1 / count + (at - expected) ** 2 / spread))
    return Interval(mean - slope * (at - expected), student_t(count - 2, told) * error)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share does not exceed. ordered: ascending."""
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
