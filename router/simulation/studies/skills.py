"""Six types of contact, and agents who can serve k of them: how many skills are enough?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.simulation.charts import Series, line_chart
from router.simulation.intervals import Interval, interval
from router.simulation.load import parse_load
from router.simulation.report import bounded, percent, table
from router.simulation.study import Case, Result, Told, blocked, wait_minutes, waited

WHAT = "six types, 90 agents (15 with each as primary), k of 6 skills each, load 84"
TYPES, EACH, LOAD, SERVICE_S = 6, 15, 84.0, 600
SKILLS = (1, 2, 3, 6)


def cases(scale: float) -> list[Case]:
    """One for each number of skills, with the same people in each."""
    types = [f"type{n + 1}" for n in range(TYPES)]
    return [
        Case(
            str(skills),
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
                        for name in types
                    ],
                    "agents": [
                        {
                            "name": f"primary {types[n]}",
                            "count": EACH,
                            "skills": [types[(n + more) % TYPES] for more in range(skills)],
                        }
                        for n in range(TYPES)
                    ],
                    "trunks": {"line": 120},
                    "warm_up": 200,
                    "minutes": 200 + 1400 * scale,
                    "replications": 20,
                }
            ),
        )
        for skills in SKILLS
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
                "skills": int(result.case.name),
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
                str(row["skills"]),
                f"{row['contacts']:,}",
                percent(row["waited"]),
                f"{bounded(row['wait_minutes'])} min",
                percent(row["blocked"]),
                bounded(row["ratio"]),
            )
            for row in rows
        ],
    )
    picture = line_chart(
        "How many skills are enough?",
        "skills of each agent, of six",
        "mean wait, minutes",
        [
            Series(
                "load 84 on 90 agents, 95 %",
                [
                    (row["skills"], row["wait_minutes"].mean, row["wait_minutes"].half)
                    for row in rows
                ],
                marks=True,
            )
        ],
    )
    return Told(lines, rows, {"skills": picture})
