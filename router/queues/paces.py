"""How fast a queue moves by the truth, for a line that has not moved yet since it is watched."""

from __future__ import annotations

import time
from uuid import UUID

import asyncpg

from router.queues.waits import gap_of

FRESH_S = 15.0

# by the last day's conversations; the time to take it is counted with what follows it
_GAPS = """
with handled as (
  select subject::uuid as queue_id, sum(connecting_ms + conversation_ms + wrap_up_ms) as ms,
    sum(handled) as n
  from statistics_interval where workspace_id = $1 and dimension = 'queue'
    and starts_at > now() - interval '1 day' group by subject
), held as (
  select queue_id, count(*) as n from handling where workspace_id = $1 and state <> 'done'
  group by queue_id
)
select queue_id, handled.ms::float8 / handled.n as mean_ms, held.n as in_hand
from held join handled using (queue_id) where handled.n > 0
"""


class Paces:
    """Gaps of queues, worked out from what is in hand; remembered for a quarter of a minute."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool
        self._gaps: dict[UUID, tuple[float, dict[UUID, float]]] = {}

    async def gap_ms(self, workspace_id: UUID, queue_id: UUID) -> float:
        """The gap to expect; 0 where nobody of this queue is in hand, or it has no past."""
        read_at, gaps = self._gaps.get(workspace_id, (-FRESH_S, {}))
        if time.monotonic() - read_at > FRESH_S:
            rows = await self._pool.fetch(_GAPS, workspace_id)
            gaps = {row["queue_id"]: gap_of(row["mean_ms"], row["in_hand"]) for row in rows}
            self._gaps[workspace_id] = (time.monotonic(), gaps)
        return gaps.get(queue_id, 0.0)
