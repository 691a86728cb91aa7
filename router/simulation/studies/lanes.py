"""Experts and customers who meet at the 2nd level: with and without a lane, and with a reserve."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from router.simulation.charts import Series, bar_chart
from router.simulation.intervals import interval, percentile
from router.simulation.load import parse_load
from router.simulation.people import Visit
from router.simulation.report import bounded, percent, seconds, table
from router.simulation.study import Case, Result, Told

WHAT = "20 at the 2nd level for experts and escalated customers: lane, head start, reserve"
HOUSE = 20
CASES = (
    # name, own door, head start, reserve
    ("one door", False, False, 0.0),
    ("own door", True, False, 0.0),
    ("lane", True, True, 0.0),
    ("lane, 10 % kept", True, True, 0.1),
    ("lane, 20 % kept", True, True, 0.2),
)
CUSTOMERS, EXPERTS = 0, 1  # places of the streams


def _policies(head_start: bool) -> dict[str, Any]:
    house: dict[str, Any] = {"steps": [{"tiers": [2], "skills": False}], "wrap_up_seconds": 0}
    if not head_start:
        house |= {"expert_head_start_seconds": 0, "network_seconds": 0}
    return {"customers": {"escalates_to": "house", "wrap_up_seconds": 0}, "house": house}


def _experts(own_door: bool) -> dict[str, Any]:
    expert: dict[str, Any] = {"name": "experts", "rate": 1.5, "patience": 1200}
    if own_door:
        return expert | {
            "queue": "house",
            "role": "expert",
            "network_size": 120,
            "service": 300,
        }
    # not recognised: tier 1 finds out in two minutes that this is one for the house
    return expert | {
        "queue": "customers",
        "service": 120,
        "escalation": {"share": 1.0, "service": 300},
    }


def cases(scale: float) -> list[Case]:
    """From one door for all to a lane with a fifth of the house kept; the same people in each."""
    return [
        Case(
            name,
            _policies(head_start),
            parse_load(
                {
                    "streams": [
                        {
                            "name": "customers",
                            "queue": "customers",
                            "rate": 6,
                            "service": 300,
                            "patience": 600,
                            "escalation": {"share": 0.15, "service": 660},
                        },
                        _experts(own_door),
                    ],
                    "agents": [
                        {"name": "crowd", "count": 38},
                        {"name": "house", "count": HOUSE, "tier": 2},
                    ],
                    "warm_up": 120,
                    "minutes": 120 + 900 * scale,
                    "replications": 10,
                }
            ),
            {"reserve_share": reserve},
        )
        for name, own_door, head_start, reserve in CASES
    ]


def _in_house(visits: Sequence[Visit], stream: int) -> list[Visit]:
    return [visit for visit in visits if visit.queue == "house" and visit.stream == stream]


def experts_seconds(visits: Sequence[Visit]) -> float:
    """From an expert's arrival to the end of the stay in the house's line, talk included."""
    return fmean(visit.age_ms / 1000 for visit in _in_house(visits, EXPERTS))


def experts_gave_up(visits: Sequence[Visit]) -> float:
    """Of all experts, in whatever line."""
    mine = [visit for visit in visits if visit.stream == EXPERTS]
    persons = sum(visit.age_ms == visit.wait_ms for visit in mine)
    return sum(visit.outcome == "abandoned" for visit in mine) / persons


def customers_seconds(visits: Sequence[Visit]) -> float:
    """From a customer's escalation to the end of the stay in the house's line."""
    return fmean(visit.wait_ms / 1000 for visit in _in_house(visits, CUSTOMERS))


def customers_gave_up(visits: Sequence[Visit]) -> float:
    """Of escalated customers."""
    return fmean(visit.outcome == "abandoned" for visit in _in_house(visits, CUSTOMERS))


def tell(results: Sequence[Result]) -> Told:
    rows: list[dict[str, Any]] = []
    for result in results:
        house = next(work for work in result.figures.work if work.group == "house")
        slowest = sorted(
            visit.age_ms / 1000
            for outcome in result.outcomes
            for visit in _in_house(outcome.visits, EXPERTS)
        )
        rows.append(
            {
                "case": result.case.name,
                "experts_seconds": interval(result.by_run(experts_seconds)),
                "experts_p95_seconds": percentile(slowest, 0.95),
                "experts_gave_up": interval(result.by_run(experts_gave_up)),
                "customers_seconds": interval(result.by_run(customers_seconds)),
                "customers_gave_up": interval(result.by_run(customers_gave_up)),
                "occupancy": house.occupancy,
            }
        )
    lines = table(
        (
            "",
            "expert until 2nd level",
            "95 %",
            "gave up",
            "escalated customer",
            "gave up",
            "house busy",
        ),
        [
            (
                row["case"],
                f"{bounded(row['experts_seconds'])} s",
                seconds(row["experts_p95_seconds"]),
                percent(row["experts_gave_up"]),
                f"{bounded(row['customers_seconds'])} s",
                percent(row["customers_gave_up"]),
                percent(row["occupancy"]),
            )
            for row in rows
        ],
    )
    picture = bar_chart(
        "Waiting for the 2nd level",
        "seconds, mean",
        [row["case"] for row in rows],
        [
            Series(
                name,
                [(float(n), row[field].mean, row[field].half) for n, row in enumerate(rows)],
            )
            for name, field in (
                ("experts, from arrival", "experts_seconds"),
                ("escalated customers, from the escalation", "customers_seconds"),
            )
        ],
    )
    return Told(lines, rows, {"lanes": picture})
