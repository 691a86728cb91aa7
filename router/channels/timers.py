"""What falls due: offers, steps, leases, wrap-ups, and left-over operations.

Every process runs these; each piece of work is claimed by a lease in the live store or a lock
in the truth, so that any process can die and the others go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import structlog
from redis.exceptions import RedisError

from router.errors import SecondlineError
from router.queues.engine import Engine
from router.queues.interning import Kinds
from router.queues.outbox import Outbox
from router.tasks import stop

if TYPE_CHECKING:
    from router.channels.contacts import Contacts

log = structlog.get_logger()

TICK_S = 0.25
FOLLOW_S = 0.5
HOUR_S = 3600.0
CLAIM_MS = 10_000
BATCH = 100
AT_ONCE = 8
"""Contacts that leave their line at the same time: connections are for others too."""


class Timers:
    """Runs the timers of all workspaces until closed."""

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        engine: Engine,
        outbox: Outbox,
        contacts: Contacts,
        kinds: Kinds,
    ) -> None:
        self._pool = pool
        self._engine = engine
        self._outbox = outbox
        self._contacts = contacts
        self._kinds = kinds
        self._tasks: list[asyncio.Task[None]] = []
        self._workspaces: list[UUID] = []
        self._looked_at = 0.0

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._tasks = [
            asyncio.create_task(self._outbox.run_forever()),
            asyncio.create_task(self._every(TICK_S, self.tick)),
            asyncio.create_task(self._every(1.0, self.tick_slow)),
            asyncio.create_task(self._every(HOUR_S, self.tick_hourly)),
            # of its own, for a line of ten thousand takes longer than offers may wait
            asyncio.create_task(self._every(FOLLOW_S, self.follow)),
        ]

    async def close(self) -> None:
        """Stop; work that was claimed is done by others after its lease."""
        await stop(*self._tasks)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            begun = time.monotonic()
            try:
                await work()
            except (SecondlineError, asyncpg.PostgresError, RedisError, OSError) as error:
                log.warning("timers.failed", error=str(error))
                await asyncio.sleep(0.5)
            except Exception:
                # a programming error in one piece of work must not stop the clock for all
                log.exception("timers.broken")
                await asyncio.sleep(0.5)
            await asyncio.sleep(max(0.0, seconds - (time.monotonic() - begun)))

    async def workspaces(self) -> list[UUID]:
        """All workspaces, looked up every 5 s."""
        if time.monotonic() - self._looked_at > 5 or not self._workspaces:
            rows = await self._pool.fetch("select id from workspace order by id")
            self._workspaces = [row["id"] for row in rows]
            self._looked_at = time.monotonic()
        return self._workspaces

    async def tick(self) -> None:
        """Offers past their deadline and contacts whose next step has come."""
        for workspace_id in await self.workspaces():
            # a workspace that is being rebuilt holds up no other
            with contextlib.suppress(SecondlineError):
                await self.due_offers(workspace_id)
                await self.wake(workspace_id)

    async def tick_slow(self) -> None:
        """Leases of desks and visitors, and wrap-ups past their limit."""
        for workspace_id in await self.workspaces():
            with contextlib.suppress(SecondlineError):
                await self.absent(workspace_id, "desks", self._contacts.desk_lost)
                await self.absent(workspace_id, "visitors", self._visitor_gone)
        await self._contacts.wrap_ups_over()
        await self._contacts.finish_closing()
        await self._kinds.sweep()

    async def tick_hourly(self) -> None:
        """Requirements that fell out of use."""
        await self._kinds.collect()

    async def follow(self) -> None:
        """Who waits by a policy that has changed, and who serves by rules that have."""
        await self._contacts.follow_policies()

    async def _visitor_gone(self, workspace_id: UUID, contact_id: UUID) -> None:
        await self._contacts.vanished(workspace_id, contact_id)

    async def due_offers(self, workspace_id: UUID) -> None:
        """Missed offers, and accepts that the truth must be asked about."""
        answer = await self._engine.run(workspace_id, "due", {"limit": BATCH, "lease_ms": CLAIM_MS})
        for offer in answer.get("offers", ()):
            if offer["st"] == "accepting":
                await self._contacts.settle_accept(workspace_id, offer)
            else:
                await self._contacts.miss(workspace_id, offer)

    async def wake(self, workspace_id: UUID) -> None:
        """Next steps, ended exclusions, and who leaves their line, a bounded number a tick."""
        for _ in range(20):
            answer = await self._engine.run(
                workspace_id, "wake", {"limit": BATCH, "lease_ms": CLAIM_MS}
            )
            leaving = answer.get("leaving", ())
            for begin in range(0, len(leaving), AT_ONCE):
                await asyncio.gather(
                    *(self._leaves(workspace_id, each) for each in leaving[begin:][:AT_ONCE])
                )
            if not answer["more"]:
                break

    async def _leaves(self, workspace_id: UUID, leaving: dict[str, Any]) -> None:
        try:
            await self._contacts.leave_line(
                workspace_id,
                UUID(leaving["contact"]),
                leaving["gen"],
                leaving["waited_ms"],
                alone=leaving["alone"],
            )
        except (SecondlineError, asyncpg.PostgresError) as error:
            # reported again when the claim is over; one holds up no other
            log.warning("timers.not_left", contact=leaving["contact"], error=str(error))

    async def absent(
        self, workspace_id: UUID, what: str, lost: Callable[[UUID, UUID], Awaitable[None]]
    ) -> None:
        """Whose lease is over: act, then let the lease go unless they came back meanwhile."""
        arguments = {"what": what, "limit": BATCH, "lease_ms": CLAIM_MS, "settled": []}
        claimed = (await self._engine.run(workspace_id, "absent", arguments)).get("ids", ())
        if not claimed:
            return
        for name, _ in claimed:
            await lost(workspace_id, UUID(name))
        await self._engine.run(workspace_id, "absent", arguments | {"limit": 0, "settled": claimed})
