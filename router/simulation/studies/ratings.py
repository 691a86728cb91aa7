"""Better rated agents first: what it brings in resolution, and what it costs in waiting."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from router.simulation.charts import Series, line_chart
from router.simulation.intervals import interval
from router.simulation.load import parse_load
from router.simulation.people import Visit
from router.simulation.report import bounded, percent, table
from router.simulation.study import Case, Result, Told

WHAT = "20 agents who resolve 90 % and 20 who resolve 65 %: order, and holding out for the better"
EACH, SERVICE_S = 20, 480
LOADS = (0.55, 0.8)
HOLD_OUT_S = (15, 30, 60, 120, 240)
RESOLVES = (0.9, 0.65)
BETTER = "agent.rating >= 4.5"


def _steps(name: str) -> list[dict[str, Any]]:
    if name == "longest idle":
        return [{}]
    anybody = {"strategy": "best_rated"}
    if name == "best rated":
        return [anybody]
    hold_out = {"filter": BETTER, "seconds": int(name.split()[0])}
    return [hold_out, anybody]


def cases(scale: float) -> list[Case]:
    """Each way to choose at each load, with the same people."""
    names = ["longest idle", "best rated", *(f"{s} s" for s in HOLD_OUT_S)]
    return [
        Case(
            f"{load:.0%} {name}",
            {
                "line": {
                    "steps": _steps(name),
                    "choice": {"newcomer_share": 0},
                    "wrap_up_seconds": 0,
                }
            },
            parse_load(
                {
                    "streams": [
                        {
                            "queue": "line",
                            "rate": load * 2 * EACH / (SERVICE_S / 60),
                            "service": SERVICE_S,
                        }
                    ],
                    "agents": [
                        {"name": "better", "count": EACH, "rating": 4.8, "resolves": RESOLVES[0]},
                        {"name": "others", "count": EACH, "rating": 3.4, "resolves": RESOLVES[1]},
                    ],
                    "warm_up": 100,
                    "minutes": 100 + 600 * scale,
                    "replications": 10,
                }
            ),
        )
        for load in LOADS
        for name in names
    ]


def resolved(visits: Sequence[Visit]) -> float:
    """The share that needs no second look, to be expected of those who answered."""
    return fmean(RESOLVES[visit.group] for visit in visits if visit.outcome == "answered")


def _labelled(row: dict[str, Any]) -> bool:
    """Points that lie close together are named once."""
    if row["choice"] == "longest idle":
        return bool(row["load"] == f"{LOADS[-1]:.0%}")
    return row["choice"] not in ("15 s", "30 s")


def tell(results: Sequence[Result]) -> Told:
    rows: list[dict[str, Any]] = []
    for result in results:
        (found,) = result.figures.waits
        better, others = result.figures.work
        load, name = result.case.name.split(" ", 1)
        rows.append(
            {
                "load": load,
                "choice": name,
                "wait_seconds": found.mean_wait,
                "p95_seconds": found.p95,
                "resolved": interval(result.by_run(resolved)),
                "better_busy": better.occupancy,
                "others_busy": others.occupancy,
            }
        )
    lines = table(
        ("choice", "load", "mean wait", "95 %", "resolved", "better busy", "others busy"),
        [
            (
                row["choice"] if row["choice"][0] in "lb" else f"hold out {row['choice']}",
                row["load"],
                f"{bounded(row['wait_seconds'])} s",
                f"{row['p95_seconds']:.0f} s",
                percent(row["resolved"]),
                percent(row["better_busy"]),
                percent(row["others_busy"]),
            )
            for row in rows
        ],
    )
    series = []
    for load in dict.fromkeys(row["load"] for row in rows):
        mine = [row for row in rows if row["load"] == load]
        series.append(
            Series(
                f"load {load}",
                [
                    (r["wait_seconds"].mean, 100 * r["resolved"].mean, 100 * r["resolved"].half)
                    for r in mine
                ],
                labels=[row["choice"] if _labelled(row) else "" for row in mine],
                marks=True,
            )
        )
    picture = line_chart(
        "What holding out for better rated agents buys",
        "mean wait, seconds",
        "% resolved at once",
        series,
        from_zero=False,
    )
    return Told(lines, rows, {"ratings": picture})
