"""How well the waits that people were told came about, for /metrics.

Read from the intervals, so that every process tells the same, and a restart changes nothing.
"""

from __future__ import annotations

import asyncio

import asyncpg
import structlog
from prometheus_client import Gauge

from router.statistics.definitions import figures
from router.statistics.reading import Statistics
from router.web.metrics import REGISTRY

log = structlog.get_logger()

EVERY_SECONDS = 15.0

_LABELS = ["workspace", "queue"]
BIAS = Gauge(
    "secondline_expected_wait_bias_seconds",
    "Mean of told minus actual wait over the last hour; above 0: people are told too much",
    _LABELS,
    registry=REGISTRY,
)
ERROR = Gauge(
    "secondline_expected_wait_error_seconds",
    "Mean distance of told and actual wait over the last hour",
    _LABELS,
    registry=REGISTRY,
)
HELD = Gauge(
    "secondline_expected_wait_held_share",
    "Share of waits told in the last hour that were off by at most 30 seconds or half",
    _LABELS,
    registry=REGISTRY,
)


async def read(statistics: Statistics) -> None:
    """Set the gauges; a queue that told nobody in the last hour has none."""
    told = await statistics.told_waits()
    for gauge in (BIAS, ERROR, HELD):
        gauge.clear()
    for workspace, queue, counts in told:
        made = figures(counts, "queue")
        for gauge, value, unit in (
            (BIAS, made.estimate_bias_ms, 1000),
            (ERROR, made.estimate_error_ms, 1000),
            (HELD, made.estimate_held, 1),
        ):
            if value is not None:
                gauge.labels(workspace, queue).set(value / unit)


async def run(statistics: Statistics) -> None:
    """Until cancelled."""
    while True:
        try:
            await read(statistics)
        except (asyncpg.PostgresError, OSError, TimeoutError) as error:
            log.warning("told_waits.unread", error=str(error))
        await asyncio.sleep(EVERY_SECONDS)
