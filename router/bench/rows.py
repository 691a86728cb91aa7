"""What a benchmark answers: rows of figures with their goals. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Tell = Callable[[str], None]
"""Says on stderr how far a benchmark is."""


class Broken(Exception):
    """What was measured did not do its work: a contact was assigned twice, or got lost."""


@dataclass(frozen=True)
class Figure:
    """The middle of several repeats, with the least and the most of them."""

    value: float
    least: float
    most: float


@dataclass(frozen=True)
class Row:
    """One figure of the table.

    name: the benchmark's. unit: what the value counts, `µs, mean`. goal: `≤ 60`. holds: whether
    the goal is met; never without a value. least, most: the spread over the repeats. note: for
    people, what went into it.
    """

    name: str
    value: float | None
    unit: str
    goal: str
    holds: bool
    least: float | None = None
    most: float | None = None
    note: str = ""

    def plain(self) -> dict[str, Any]:
        """The row as `--json` gives it: name, value, unit, goal, holds and nothing else."""
        value = None if self.value is None else float(f"{self.value:.4g}")
        return {
            "name": self.name,
            "value": value,
            "unit": self.unit,
            "goal": self.goal,
            "holds": self.holds,
        }


def figure(repeats: Sequence[float]) -> Figure:
    """The median of the repeats and their spread."""
    return Figure(statistics.median(repeats), min(repeats), max(repeats))


def at_most(name: str, value: float | Figure, goal: float, unit: str, note: str = "") -> Row:
    """A row whose value may be the goal and no more."""
    found = value if isinstance(value, Figure) else Figure(value, value, value)
    return _row(name, found, f"≤ {goal:g}", unit, found.value <= goal, note)


def at_least(name: str, value: float | Figure, goal: float, unit: str, note: str = "") -> Row:
    """A row whose value may be the goal and no less."""
    found = value if isinstance(value, Figure) else Figure(value, value, value)
    return _row(name, found, f"≥ {goal:g}", unit, found.value >= goal, note)


def unmeasured(name: str, goal: str, unit: str, why: str) -> Row:
    """A row without a value, whose goal therefore is not met. goal: as it reads, `≥ 1`."""
    return Row(name, None, unit, goal, holds=False, note=why)


def _row(name: str, found: Figure, goal: str, unit: str, holds: bool, note: str) -> Row:
    return Row(name, found.value, unit, goal, holds, found.least, found.most, note)


def readable(value: float | None) -> str:
    """A value with three figures that count."""
    if value is None:
        return "-"
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{places}f}"


HEADINGS = ("name", "value", "unit", "goal", "holds", "spread", "")
WIDTHS = (18, 9, 30, 9, 6, 17)


def line(cells: Sequence[str], widths: Sequence[int] = WIDTHS) -> str:
    """One line of the table; what is too long for its column pushes the rest."""
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return " ".join([*padded, *cells[len(widths) :]]).rstrip()


def cells(row: Row) -> tuple[str, ...]:
    """A row as people read it."""
    spread = ""
    if row.least is not None and row.most is not None and row.least != row.most:
        spread = f"{readable(row.least)} to {readable(row.most)}"
    return (
        row.name,
        readable(row.value),
        row.unit,
        row.goal,
        "yes" if row.holds else "no",
        spread,
        row.note,
    )
