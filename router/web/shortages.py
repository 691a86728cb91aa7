"""What routing is short of, for /metrics: people who could serve, room for kinds, hands, money.

Read from the stores, so that every process tells the same, and a restart changes nothing.
"""

from __future__ import annotations

import asyncio

import asyncpg
import structlog
from prometheus_client import Gauge

from router.errors import SecondlineError
from router.queues.floor import Floor
from router.web.metrics import REGISTRY

log = structlog.get_logger()

EVERY_SECONDS = 15.0

UNSERVABLE = Gauge(
    "secondline_waiting_unservable",
    "Contacts in line that nobody signed in could serve in any step",
    ["workspace", "queue"],
    registry=REGISTRY,
)
KINDS = Gauge(
    "secondline_kinds",
    "Requirements that are known; `new` ones are not built yet, for there are too many or just now",
    ["workspace", "state"],
    registry=REGISTRY,
)
OVERDUE = Gauge(
    "secondline_messages_overdue",
    "Messages that nobody has dealt with by their deadline",
    ["workspace", "queue"],
    registry=REGISTRY,
)
REFUSED = Gauge(
    "secondline_callbacks_refused",
    "Callbacks that the rules refused in the last hour, by reason",
    ["workspace", "reason"],
    registry=REGISTRY,
)


async def read(pool: asyncpg.Pool[asyncpg.Record], floor: Floor) -> None:
    """Set the gauges; what there is none of has none."""
    queues = await pool.fetch(
        "select q.id, q.slug, w.id as workspace_id, w.slug as workspace from queue q"
        " join workspace w on w.id = q.workspace_id where q.retired_at is null"
    )
    names = {str(row["id"]): (row["workspace"], row["slug"]) for row in queues}
    UNSERVABLE.clear()
    for workspace_id in {row["workspace_id"] for row in queues}:
        own = [row["id"] for row in queues if row["workspace_id"] == workspace_id]
        for row in await floor.queues(workspace_id, own, ""):
            if row["unservable"]:
                UNSERVABLE.labels(*names[row["id"]]).set(row["unservable"])
    for gauge, query in ((KINDS, _KINDS), (OVERDUE, _OVERDUE), (REFUSED, _REFUSED)):
        found = await pool.fetch(query)
        gauge.clear()
        for workspace, of, count in found:
            gauge.labels(workspace, of).set(count)


async def run(pool: asyncpg.Pool[asyncpg.Record], floor: Floor) -> None:
    """Until cancelled."""
    while True:
        try:
            await read(pool, floor)
        except (asyncpg.PostgresError, SecondlineError, OSError, TimeoutError) as error:
            log.warning("shortages.unread", error=str(error))
        await asyncio.sleep(EVERY_SECONDS)


_KINDS = """
select w.slug, case when k.built_at is null then 'new' else 'built' end, count(*)
from kind k join workspace w on w.id = k.workspace_id group by 1, 2
"""
_OVERDUE = """
select w.slug, q.slug, count(*) from contact c
join queue q on q.id = c.queue_id join workspace w on w.id = c.workspace_id
where c.state in ('waiting', 'handling') and c.due_at < now() group by 1, 2
"""
_REFUSED = """
select w.slug, r.why, count(*) from callback_refused r join workspace w on w.id = r.workspace_id
where r.at > now() - interval '1 hour' group by 1, 2
"""
