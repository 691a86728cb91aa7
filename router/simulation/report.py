"""Figures as a table for a terminal. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from router.simulation.figures import Figures, Waits
from router.simulation.intervals import Interval

UNKNOWN = "-"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with aligned columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = []
    for row in (head, *rows):
        first, *others = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join((first, *others)).rstrip())
    return lines


def number(value: float, digits: int = 3) -> str:
    """So many significant digits, no exponent."""
    if math.isnan(value):
        return UNKNOWN
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(places, 4)}f}"


def bounded(value: Interval) -> str:
    """A mean with its half width, as exact as the half width lets one be."""
    mean, half = value.mean, value.half
    if math.isnan(mean):
        return UNKNOWN
    if math.isnan(half) or half <= abs(mean) * 1e-9:  # what rounding leaves is no doubt
        return number(mean)
    places = min(4, max(0, 1 - math.floor(math.log10(half))))
    return f"{mean:,.{places}f} ± {half:,.{places}f}"


def percent(value: Interval) -> str:
    """A share in percent, with its half width."""
    return f"{bounded(value.times(100))} %" if not math.isnan(value.mean) else UNKNOWN


def seconds(value: float) -> str:
    """A wait for reading: seconds, from two minutes on minutes."""
    if math.isnan(value):
        return UNKNOWN
    return f"{number(value / 60)} min" if value >= 120 else f"{number(value, 2)} s"


def _name(row: Waits) -> str:
    return row.queue if row.stream is None else f"  {row.stream}"


def lines(figures: Figures) -> list[str]:
    """The whole report."""
    waits = table(
        ("queue", "came", "blocked", "gave up", "diverted", "waited", "mean wait", "ASA"),
        [
            (
                _name(row),
                f"{row.came:,}",
                percent(row.blocked),
                percent(row.abandoned),
                percent(row.diverted),
                percent(row.waited),
                f"{bounded(row.mean_wait)} s",
                f"{bounded(row.asa)} s",
            )
            for row in figures.waits
        ],
    )
    spread = table(
        ("queue", "median", "90 %", "95 %", "99 %", "longest", "within", "of", "resolved"),
        [
            (
                _name(row),
                *(seconds(each) for each in (row.median, row.p90, row.p95, row.p99, row.longest)),
                percent(row.within),
                f"{row.target_s} s",
                percent(row.resolved),
            )
            for row in figures.waits
        ],
    )
    work = table(
        ("agents", "of them", "answered", "occupancy", "resolved"),
        [
            (
                row.group,
                f"{row.agents:,}",
                f"{row.answered:,}",
                percent(row.occupancy),
                percent(row.resolved),
            )
            for row in figures.work
        ],
    )
    made_of = (
        f"{figures.replications} replications"
        if figures.replications > 1
        else "one run in twenty batches"
    )
    told = [*waits, "", *spread, "", *work, ""]
    told.append(
        f"Of {made_of}, {figures.counted_minutes:,.0f} counted minutes each; ± is 95 % confidence."
    )
    for row in figures.waits:
        if row.left and row.stream is None:
            told.append(f"{row.left:,} still waited in {row.queue} at the end: nobody could serve.")
    return told
