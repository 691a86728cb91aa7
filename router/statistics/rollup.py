"""Counts intervals at intervals: any process may, one at a time does.

What is final is never looked at again: an interval that ended `SETTLES` ago hears of no more
rows, for a transaction lives seconds. What is younger is counted anew each time.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import structlog

from router.queues.picture import policy_of
from router.queues.presence import rules_of
from router.statistics.counting import COUNT
from router.statistics.definitions import INTERVAL_S
from router.store.truth import Connection

log = structlog.get_logger()

INTERVAL = timedelta(seconds=INTERVAL_S)
SETTLES = timedelta(minutes=2)
AT_ONCE = timedelta(days=1)
"""What one transaction counts at most, when there is a past to catch up with."""

EVERY_S = 15.0
REST = 20
"""It rests at least so many times as long as it worked: 5 % of one connection at most."""

PATIENCE_S = 300.0

FORGOTTEN_AT_ONCE = 20_000
"""Rows that one transaction forgets at most: a shorter time to keep them may concern millions."""


def beginning(at: datetime) -> datetime:
    """The beginning of the interval that this moment lies in. Raises nothing; aware in and out."""
    seconds = int(at.timestamp()) // INTERVAL_S * INTERVAL_S
    return datetime.fromtimestamp(seconds, UTC)


class Rollup:
    """Keeps the intervals of all workspaces."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool

    async def run_forever(self) -> None:
        """Until cancelled."""
        while True:
            begun = time.monotonic()
            for row in await self._workspaces():
                try:
                    await self.run(row["id"])
                except (asyncpg.PostgresError, OSError, TimeoutError) as error:
                    log.warning("statistics.uncounted", error=str(error))
                except Exception:
                    # a fault in counting must not end it for all workspaces
                    log.exception("statistics.broken")
            await asyncio.sleep(max(EVERY_S, REST * (time.monotonic() - begun)))

    async def _workspaces(self) -> list[asyncpg.Record]:
        try:
            return await self._pool.fetch("select id from workspace order by id")
        except (asyncpg.PostgresError, OSError, TimeoutError) as error:
            log.warning("statistics.uncounted", error=str(error))
            return []

    async def run(self, workspace_id: UUID, now: datetime | None = None) -> bool:
        """Count what is not final yet; False while another process is at it.

        now: until when what goes on is counted; the database's clock by default.
        """
        while True:
            async with self._pool.acquire() as connection, connection.transaction():
                if not await connection.fetchval(
                    "select pg_try_advisory_xact_lock(hashtextextended($1, 4))",
                    f"statistics {workspace_id}",
                ):
                    return False
                at = now or await connection.fetchval("select clock_timestamp()")
                kept = beginning(at - await _keeps(connection, workspace_id))
                await forget(connection, workspace_id, kept)
                begin = max(kept, await self._begin(connection, workspace_id, at))
                end = min(begin + AT_ONCE, beginning(at) + INTERVAL)
                await note_targets(connection, workspace_id, at)
                await self.count(connection, workspace_id, begin, end, at)
                settled = max(begin, min(end, beginning(at - SETTLES)))
                await connection.execute(
                    "insert into statistics_progress values ($1, $2, $3)"
                    " on conflict (workspace_id) do update"
                    " set settled_until = $2, counted_at = $3",
                    workspace_id,
                    settled,
                    min(at, end),
                )
            if end > at:
                return True

    async def count(
        self,
        connection: Connection,
        workspace_id: UUID,
        begin: datetime,
        end: datetime,
        now: datetime,
    ) -> None:
        """Count these intervals anew, whatever was counted before. begin, end: their bounds."""
        # of this transaction alone: a plan for this very window, and sums and joins by hashing in
        # memory. The planner cannot know how few groups there are and would sort every row; nor
        # how many rows came since the tables were analysed, and would loop over all for each
        await connection.execute(
            "select set_config('work_mem', '64MB', true), set_config('enable_sort', 'off', true),"
            " set_config('enable_nestloop', 'off', true),"
            " set_config('plan_cache_mode', 'force_custom_plan', true)"
        )
        targets = await connection.fetch(
            "select queue_id, from_at, lead(from_at, 1, 'infinity')"
            "   over (partition by queue_id order by from_at) as until_at, seconds, short_seconds"
            " from queue_target where workspace_id = $1",
            workspace_id,
        )
        columns = ([row[n] for row in targets] for n in range(5))
        await connection.execute(COUNT, workspace_id, begin, end, now, *columns, timeout=PATIENCE_S)

    async def _begin(self, connection: Connection, workspace_id: UUID, at: datetime) -> datetime:
        settled: datetime | None = await connection.fetchval(
            "select settled_until from statistics_progress where workspace_id = $1", workspace_id
        )
        if settled is not None:
            return settled
        first: datetime | None = await connection.fetchval(
            "select least((select min(accepted_at) from handling where workspace_id = $1),"
            " (select min(ended_at) from contact where workspace_id = $1 and state = 'ended'),"
            " (select min(line_at) from contact where workspace_id = $1 and state <> 'ended'),"
            " (select min(began_at) from presence_span where workspace_id = $1))",
            workspace_id,
        )
        return beginning(min(first or at, at))


async def _keeps(connection: Connection, workspace_id: UUID) -> timedelta:
    return timedelta(days=(await rules_of(connection, workspace_id)).statistics_days)


async def forget(connection: Connection, workspace_id: UUID, before: datetime) -> None:
    """Some of the intervals that are older than the workspace keeps them."""
    await connection.execute(
        "delete from statistics_interval where ctid in (select ctid from statistics_interval"
        " where workspace_id = $1 and dimension = any ('{all,queue,agent,tier,channel}')"
        " and starts_at < $2 limit $3)",
        workspace_id,
        before,
        FORGOTTEN_AT_ONCE,
    )


async def note_targets(connection: Connection, workspace_id: UUID, now: datetime) -> None:
    """Keep since when each queue has its target: a new one holds from the present interval on."""
    queues = await connection.fetch(
        "select q.id, q.policy, t.seconds, t.short_seconds from queue q left join lateral ("
        " select * from queue_target where queue_id = q.id order by from_at desc limit 1) t on true"
        " where q.workspace_id = $1",
        workspace_id,
    )
    for queue in queues:
        target = policy_of(queue["policy"]).target
        if (target.seconds, target.short_seconds) == (queue["seconds"], queue["short_seconds"]):
            continue
        # the first one is that of all the time before
        await connection.execute(
            "insert into queue_target"
            " values ($1, coalesce($2::timestamptz, '-infinity'), $3, $4, $5)"
            " on conflict (queue_id, from_at) do update set seconds = $4, short_seconds = $5",
            queue["id"],
            None if queue["seconds"] is None else beginning(now),
            workspace_id,
            target.seconds,
            target.short_seconds,
        )
