"""The charts of one simulated load: who still waits, the line over time, occupancy. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from router.simulation.charts import Series, bar_chart, line_chart
from router.simulation.figures import Figures, still_waiting, waiting_over_time
from router.simulation.load import Load
from router.simulation.people import Outcome


def pictures(outcomes: Sequence[Outcome], found: Figures, load: Load) -> dict[str, str]:
    """SVG texts by file name."""
    rows = [row for row in found.waits if row.stream is None]
    longest = max((row.p99 for row in rows if not math.isnan(row.p99)), default=1.0) or 1.0
    waits = [
        Series(
            row.queue,
            [(x, 100 * y) for x, y in still_waiting(outcomes, load, row.queue, longest)],
        )
        for row in rows
    ]
    line = [Series(row.queue, waiting_over_time(outcomes, load, row.queue)) for row in rows]
    work = [
        (float(place), 100 * group.occupancy.mean, 100 * group.occupancy.half)
        for place, group in enumerate(found.work)
    ]
    return {
        "waits": line_chart("Who still waits", "seconds waited", "% of contacts", waits),
        "line": line_chart("Waiting over time", "minutes", "contacts waiting", line),
        "occupancy": bar_chart(
            "Occupancy",
            "% of the time signed in",
            [group.group for group in found.work],
            [Series("occupancy", work)],
        ),
    }
