"""One pool of 90 agents with 30 places to wait, against the exact M/M/90/120."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from router.simulation import erlang
from router.simulation.charts import Series, line_chart
from router.simulation.intervals import Interval
from router.simulation.load import parse_load
from router.simulation.replications import chance
from router.simulation.report import bounded, percent, table
from router.simulation.study import Case, Result, Told, blocked, wait_minutes, waited
from router.simulation.textbook import Stay, first_come

WHAT = "one pool of 90, service 10 min, 30 places to wait, against the exact M/M/90/120"
AGENTS, PLACES, SERVICE_S = 90, 120, 600
LOADS = (77.4, 84.0, 90.0)
RARE = 100


def exact(load: float) -> erlang.Exact:
    """The textbook's values at this load (Erlang); times in minutes."""
    return erlang.queue(agents=AGENTS, rate=load / 10, service=SERVICE_S / 60, places=PLACES)


def cases(scale: float) -> list[Case]:
    """One for each load; about 120,000 counted contacts each at scale 1."""
    return [
        Case(
            f"{load:g}",
            {"pool": {"steps": [{"skills": False}], "wrap_up_seconds": 0}},
            parse_load(
                {
                    "streams": [{"queue": "pool", "rate": load / 10, "service": SERVICE_S}],
                    "agents": [{"name": "pool", "count": AGENTS}],
                    "trunks": {"pool": PLACES},
                    "warm_up": 200,
                    "minutes": 200 + 700 * scale,
                    "replications": 20,
                }
            ),
        )
        for load in LOADS
    ]


def same_as_textbook(result: Result) -> int:
    """How many contacts of a case had the very wait and end of first come, first served, fed the
    same people. Raises AssertionError at the first that had not."""
    load = result.case.load
    same = 0
    for number, outcome in enumerate(result.outcomes):
        expected = first_come(load, chance(load.seed, number))
        found = [Stay(v.at_ms, v.wait_ms, v.outcome) for v in outcome.visits]
        for stay, other in zip(sorted(found), sorted(expected), strict=True):
            if stay != other:
                raise AssertionError(f"the textbook has {other}, the scripts {stay}")
            same += 1
    return same


def tell(results: Sequence[Result]) -> Told:
    rows: list[dict[str, Any]] = []
    told = 3 * len(results)
    for result in results:
        value = exact(float(result.case.name))
        waits, minutes = result.adjusted(waited, told), result.adjusted(wait_minutes, told)
        contacts = result.figures.waits[0].came
        rare = contacts * value.blocked < RARE
        turned_away = (
            Interval(fmean(result.by_run(blocked)), math.nan)
            if rare
            else result.adjusted(blocked, told)
        )
        rows.append(
            {
                "load": float(result.case.name),
                "contacts": contacts,
                "waited": waits,
                "waited_exact": value.waits,
                "wait_minutes": minutes,
                "wait_minutes_exact": value.mean_wait,
                "blocked": turned_away,
                "blocked_exact": value.blocked,
                "same_as_textbook": same_as_textbook(result),
                "holds": waits.holds(value.waits)
                and minutes.holds(value.mean_wait)
                and (rare or turned_away.holds(value.blocked)),
            }
        )
    lines = table(
        ("load", "contacts", "waited", "exact", "mean wait", "exact", "blocked", "exact"),
        [
            (
                f"{row['load']:g}",
                f"{row['contacts']:,}",
                percent(row["waited"]),
                f"{row['waited_exact']:.2%}",
                f"{bounded(row['wait_minutes'])} min",
                f"{row['wait_minutes_exact']:.3f}",
                percent(row["blocked"]),
                f"{row['blocked_exact']:.3%}",
            )
            for row in rows
        ],
    )
    lines += ["", "± is 95 % confidence that all intervals of the table hold."]
    lines.append(f"Fewer than {RARE} blocked contacts, who come in clumps, make no interval.")
    same = sum(row["same_as_textbook"] for row in rows)
    lines += [f"Each of {same:,} contacts, those of the warm-up included, waited to the"]
    lines.append("millisecond as long as in the textbook's recursion over the same people.")
    curve = [70 + step / 4 for step in range(101)]
    picture = line_chart(
        "One pool of 90: waiting as load grows",
        "load (agents' worth of work)",
        "% of contacts who wait",
        [
            Series("exact (Erlang)", [(load, 100 * exact(load).waits) for load in curve]),
            Series(
                "simulated with the real scripts, 95 %",
                [(r["load"], 100 * r["waited"].mean, 100 * r["waited"].half) for r in rows],
                marks=True,
                joined=False,
            ),
        ],
    )
    return Told(lines, rows, {"pool": picture})
