"""Impatient callers, against the exact Erlang-A."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.simulation import erlang
from router.simulation.charts import Series, line_chart
from router.simulation.load import parse_load
from router.simulation.report import bounded, percent, table
from router.simulation.studies.pool import same_as_textbook
from router.simulation.study import Case, Result, Told, abandoned, wait_minutes, waited

WHAT = "9 arrivals a minute, service 10 min, patience 5 min, against the exact Erlang-A"
RATE, SERVICE_S, PATIENCE_S = 9.0, 600, 300
AGENTS = (90, 95, 100)


def exact(agents: int) -> erlang.Exact:
    """The textbook's values with so many agents; times in minutes."""
    return erlang.queue(agents=agents, rate=RATE, service=SERVICE_S / 60, patience=PATIENCE_S / 60)


def cases(scale: float) -> list[Case]:
    """One for each number of agents, with the same people in each."""
    return [
        Case(
            str(agents),
            {"pool": {"steps": [{"skills": False}], "wrap_up_seconds": 0}},
            parse_load(
                {
                    "streams": [
                        {
                            "queue": "pool",
                            "rate": RATE,
                            "service": SERVICE_S,
                            "patience": PATIENCE_S,
                        }
                    ],
                    "agents": [{"name": "pool", "count": agents}],
                    "warm_up": 100,
                    "minutes": 100 + 700 * scale,
                    "replications": 30,
                }
            ),
        )
        for agents in AGENTS
    ]


def tell(results: Sequence[Result]) -> Told:
    rows: list[dict[str, Any]] = []
    told = 3 * len(results)
    for result in results:
        value = exact(int(result.case.name))
        waits, minutes = result.adjusted(waited, told), result.adjusted(wait_minutes, told)
        gave_up = result.adjusted(abandoned, told)
        rows.append(
            {
                "agents": int(result.case.name),
                "contacts": result.figures.waits[0].came,
                "abandoned": gave_up,
                "abandoned_exact": value.abandoned,
                "waited": waits,
                "waited_exact": value.waits,
                "wait_minutes": minutes,
                "wait_minutes_exact": value.mean_wait,
                "same_as_textbook": same_as_textbook(result),
                "holds": gave_up.holds(value.abandoned)
                and waits.holds(value.waits)
                and minutes.holds(value.mean_wait),
            }
        )
    lines = table(
        ("agents", "contacts", "gave up", "exact", "waited", "exact", "mean wait", "exact"),
        [
            (
                str(row["agents"]),
                f"{row['contacts']:,}",
                percent(row["abandoned"]),
                f"{row['abandoned_exact']:.2%}",
                percent(row["waited"]),
                f"{row['waited_exact']:.2%}",
                f"{bounded(row['wait_minutes'])} min",
                f"{row['wait_minutes_exact']:.3f}",
            )
            for row in rows
        ],
    )
    lines += ["", "± is 95 % confidence that all intervals of the table hold."]
    same = sum(row["same_as_textbook"] for row in rows)
    lines += [f"Each of {same:,} contacts, those of the warm-up included, waited or gave up to"]
    lines.append("the millisecond as in the textbook's recursion over the same people.")
    picture = line_chart(
        "Impatient callers: who gives up as agents are added",
        "agents",
        "% who give up",
        [
            Series("exact (Erlang-A)", [(n, 100 * exact(n).abandoned) for n in range(84, 107)]),
            Series(
                "simulated with the real scripts, 95 %",
                [
                    (row["agents"], 100 * row["abandoned"].mean, 100 * row["abandoned"].half)
                    for row in rows
                ],
                marks=True,
                joined=False,
            ),
        ],
    )
    return Told(lines, rows, {"patience": picture})
