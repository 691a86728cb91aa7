"""Six types of contact, and agents who can serve k of them: how many skills are enough?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from router.simulation.charts import Series, bar_chart
from router.simulation.intervals import Interval, interval
from router.simulation.load import parse_load
from router.simulation.report import bounded, percent, table
from router.simulation.study import Case, Result, Told, blocked, wait_minutes, waited

WHAT = "six types, 90 agents (15 with each as primary), k of 6 skills each, load 84"
TYPES, EACH, LOAD, SERVICE_S = 6, 15, 84.0, 600
NAMES = [f"type{n + 1}" for n in range(TYPES)]
CHOICES = ("1", "2 in a ring", "2 spread", "3 spread", "6")


def skills_of(choice: str, primary: int, agent: int) -> tuple[str, ...]:
    """The skills of one of the fifteen whose primary type this is.

    In a ring all of them have the next type besides; spread, each other type is somebody's.
    """
    others = [(primary + more) % TYPES for more in range(1, TYPES)]
    count = int(choice.split()[0])
    if count == TYPES:
        mine = others
    elif choice.endswith("ring"):
        mine = others[: count - 1]
    else:
        # every five agents go round; the next five with another step between their two
        step = 1 + agent // len(others)
        mine = [others[(agent + step * n) % len(others)] for n in range(count - 1)]
    return tuple(NAMES[place] for place in sorted((primary, *mine)))


def cases(scale: float) -> list[Case]:
    """One for each choice of skills, with the same people in each."""
    return [
        Case(
            choice,
            {"line": {"wrap_up_seconds": 0}},
            parse_load(
                {
                    "streams": [
                        {
                            "name": name,
                            "queue": "line",
                            "skills": [name],
                            "rate": LOAD / TYPES / (SERVICE_S / 60),
                            "service": SERVICE_S,
                        }
                        for name in NAMES
                    ],
                    "agents": [
                        {"name": " ".join(skills), "count": count, "skills": skills}
                        for skills, count in Counter(
                            skills_of(choice, primary, agent)
                            for primary in range(TYPES)
                            for agent in range(EACH)
                        ).items()
                    ],
                    "trunks": {"line": 120},
                    "warm_up": 200,
                    "minutes": 200 + 1000 * scale,
                    "replications": 10,
                }
            ),
        )
        for choice in CHOICES
    ]


def ratio(result: Result, to: Result) -> Interval:
    """Mean wait ÷ mean wait of another case with the same people (jackknife over replications)."""
    above, below = result.by_run(wait_minutes), to.by_run(wait_minutes)
    count = len(above)
    whole = sum(above) / sum(below)
    # the mean of ratios would be biased, for the same replications are long in both
    parts = [
        count * whole - (count - 1) * (sum(above) - above[n]) / (sum(below) - below[n])
        for n in range(count)
    ]
    return interval(parts)


def tell(results: Sequence[Result]) -> Told:
    full = results[-1]
    rows: list[dict[str, Any]] = []
    for result in results:
        rows.append(
            {
                "skills": result.case.name,
                "contacts": result.figures.waits[0].came,
                "waited": result.adjusted(waited),
                "wait_minutes": result.adjusted(wait_minutes),
                "blocked": result.adjusted(blocked),
                "ratio": ratio(result, full),
            }
        )
    lines = table(
        ("skills", "contacts", "waited", "mean wait", "blocked", "÷ all six"),
        [
            (
                row["skills"],
                f"{row['contacts']:,}",
                percent(row["waited"]),
                f"{bounded(row['wait_minutes'])} min",
                percent(row["blocked"]),
                bounded(row["ratio"]),
            )
            for row in rows
        ],
    )
    picture = bar_chart(
        "How many skills are enough?",
        "mean wait, minutes",
        [row["skills"] for row in rows],
        [
            Series(
                "load 84 on 90 agents",
                [
                    (float(place), row["wait_minutes"].mean, row["wait_minutes"].half)
                    for place, row in enumerate(rows)
                ],
            )
        ],
        x_label="skills of each agent, of six types",
    )
    return Told(lines, rows, {"skills": picture})
