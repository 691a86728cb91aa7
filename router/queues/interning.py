"""Kinds in the truth: each requirement has one number, stable across rebuilds.

A requirement that is first seen is numbered on the spot and costs the arrival one row; who of
those signed in may serve it is worked out off the live path, and its contacts are found by them
as they learn of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from redis.exceptions import RedisError

from router.errors import SecondlineError
from router.filters import read
from router.queues.kinds import kind_name, spec_of
from router.queues.outbox import Outbox, put
from router.queues.policy import Policy
from router.queues.presence import agents_changed, kinds_of, rules_of
from router.queues.steps import CompiledStep, Requirement, compile_steps
from router.store.truth import Connection, Row
from router.tasks import stop

log = structlog.get_logger()

CHUNK = 250
"""Agents told of new kinds in one transaction."""

STIRRED = 1000
"""Contacts of new kinds that look for an agent at once; others are found by who becomes free."""

TOUCH_S = 3600.0
"""A kind in use says so this often; one that did not for far longer is forgotten."""

LOOKED_UP = frozenset({"contact.queue", "contact.entry_point", "contact.network_size"})
"""What filters may name of a contact that is not in its row: read only where one does."""

SPARE = "2 hours"
"""When there are too many kinds, those not used for so long make room."""


class Kinds:
    """Numbers for requirements; remembers what it has seen lately."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], outbox: Outbox) -> None:
        self._pool = pool
        self._outbox = outbox
        self._known: dict[tuple[UUID, str], tuple[int, float]] = {}
        self._building: dict[UUID, asyncio.Task[None]] = {}

    async def intern(
        self, workspace_id: UUID, requirements: Iterable[Requirement]
    ) -> dict[Requirement, int]:
        """The number of each requirement; new ones are built soon after."""
        specs = {requirement: spec_of(requirement) for requirement in requirements}
        fresh = time.monotonic() - TOUCH_S
        missing = sorted(
            spec
            for spec in set(specs.values())
            if self._known.get((workspace_id, spec), (0, 0.0))[1] <= fresh
        )
        if missing:
            await self._number(workspace_id, missing)
        return {r: self._known[workspace_id, spec][0] for r, spec in specs.items()}

    async def compile(
        self, policy: Policy, contact: Row, queue_id: UUID | None = None
    ) -> list[tuple[CompiledStep, int]]:
        """A contact's steps with their kinds; call it before the transaction that uses them.

        contact: its row, or what of it is known before there is one. queue_id: the queue that it
        goes to, where that is another than its own.
        """
        facts = dict(contact)
        asked = {name for step in policy.steps for name in read(step.filter).asks}
        if asked & LOOKED_UP:
            facts |= await self._look_up(contact, queue_id or contact["queue_id"])
        steps = compile_steps(policy, facts)
        numbers = await self.intern(contact["workspace_id"], (step.requirement for step in steps))
        return [(step, numbers[step.requirement]) for step in steps]

    async def _look_up(self, contact: Row, queue_id: UUID) -> dict[str, Any]:
        found = await self._pool.fetchrow(
            "select q.slug as queue, p.address as entry_point,"
            " coalesce(e.network_size, 0) as network_size from queue q"
            " left join entry_point p on p.id = $2 left join expert e on e.person_id = $3"
            " where q.id = $1",
            queue_id,
            contact["entry_point_id"],
            contact["person_id"],
        )
        return dict(found) if found else {}

    async def _number(self, workspace_id: UUID, specs: list[str]) -> None:
        rows = await self._pool.fetch(
            "insert into kind (workspace_id, spec) select $1, unnest($2::text[])"
            " on conflict (workspace_id, spec) do update set used_at = now()"
            " returning id, spec, built_at",
            workspace_id,
            specs,
        )
        for row in rows:
            self._known[workspace_id, row["spec"]] = (row["id"], time.monotonic())
        if any(row["built_at"] is None for row in rows):
            self._request(workspace_id)

    def _request(self, workspace_id: UUID) -> None:
        task = self._building.get(workspace_id)
        if task is None or task.done():
            self._building[workspace_id] = asyncio.create_task(self._guarded(workspace_id))

    async def _guarded(self, workspace_id: UUID) -> None:
        try:
            while await self.build(workspace_id):
                pass
        except (asyncpg.PostgresError, RedisError, OSError, TimeoutError, SecondlineError) as error:
            # the timers look for kinds that are left
            log.warning("kinds.unbuilt", workspace=str(workspace_id), error=str(error))

    async def settled(self, workspace_id: UUID) -> None:
        """Until what was requested here is built."""
        task = self._building.get(workspace_id)
        if task is not None:
            await task

    async def close(self) -> None:
        """Stop what is under way; the timers of another process go on with it."""
        await stop(*self._building.values())

    async def build(self, workspace_id: UUID) -> bool:
        """Tell those signed in of kinds that are new, in the order of their making.

        False when there was nothing to do. One process at a time. Room is made where there are
        too many; where all are in use, the newest wait until others fall out of use.
        """
        async with self._pool.acquire() as connection:
            lock = f"kinds {workspace_id}"
            # waits: who is at it may have looked before this process's kinds were there
            await connection.execute("select pg_advisory_lock(hashtextextended($1, 4))", lock)
            try:
                return await self._build(connection, workspace_id)
            finally:
                await connection.execute("select pg_advisory_unlock(hashtextextended($1, 4))", lock)

    async def _build(self, connection: Connection, workspace_id: UUID) -> bool:
        room = await self._room(connection, workspace_id)
        new = await connection.fetch(
            "select id from kind where workspace_id = $1 and built_at is null order by id",
            workspace_id,
        )
        chosen = [row["id"] for row in new[: max(0, room)]]
        if len(chosen) < len(new):
            log.error("kinds.full", workspace=str(workspace_id), unbuilt=len(new) - len(chosen))
        if not chosen:
            return False
        # agents see kinds that are built; from here on whoever changes sees these
        async with connection.transaction():
            # who changes at this moment has read the kinds before: wait for them to commit
            await connection.execute(
                "select pg_advisory_xact_lock(hashtextextended($1, 1))", str(workspace_id)
            )
            await connection.execute("update kind set built_at = now() where id = any($1)", chosen)
        signed_in = await connection.fetch(
            "select id from agent where workspace_id = $1 and presence <> 'offline' order by id",
            workspace_id,
        )
        for begin in range(0, len(signed_in), CHUNK):
            ids = [row["id"] for row in signed_in[begin : begin + CHUNK]]
            async with connection.transaction():
                changes = await agents_changed(connection, workspace_id, ids, chosen)
            await self._outbox.apply_together(changes)
        names = " ".join(
            kind_name(number, requirement)
            for number, requirement in await kinds_of(connection, workspace_id)
            if number in set(chosen)
        )
        stir = await put(
            connection, workspace_id, workspace_id, "stir", {"kinds": names, "limit": STIRRED}
        )
        await self._outbox.forget()
        # while the store is away agents learn of the kinds later, in the order of the outbox
        if not await connection.fetchval(
            "select exists (select from outbox where workspace_id = $1"
            " and operation = 'present' and id < $2)",
            workspace_id,
            stir.id,
        ):
            await self._outbox.apply(stir)
        log.info("kinds.built", workspace=str(workspace_id), kinds=len(chosen))
        return True

    async def _room(self, connection: Connection, workspace_id: UUID) -> int:
        """How many more kinds may be built, after those that fell out of use are forgotten."""
        rules = await rules_of(connection, workspace_id)
        built = await self._built(connection, workspace_id)
        if built >= rules.kinds_most:
            await self._forget(connection, workspace_id, SPARE)
            built = await self._built(connection, workspace_id)
        return rules.kinds_most - built

    async def _built(self, connection: Connection, workspace_id: UUID) -> int:
        count: int = await connection.fetchval(
            "select count(*) from kind where workspace_id = $1 and built_at is not null",
            workspace_id,
        )
        return count

    async def _forget(self, connection: Connection, workspace_id: UUID, unused: str) -> int:
        # classes that still hold a forgotten kind never meet a contact of it: its number is gone
        forgotten: str = await connection.execute(
            "delete from kind where workspace_id = $1 and used_at < now() - $2::text::interval",
            workspace_id,
            unused,
        )
        count = int(forgotten.split()[-1])
        if count:
            self._known.clear()
        return count

    async def sweep(self) -> None:
        """Build what was left in any workspace, and forget what fell out of use."""
        left = await self._pool.fetch(
            "select distinct workspace_id from kind"
            " where built_at is null and used_at < now() - interval '2 seconds'"
        )
        for row in left:
            self._request(row["workspace_id"])

    async def collect(self) -> int:
        """Forget kinds that no contact asked for, for the rules' days; answers how many."""
        forgotten = 0
        async with self._pool.acquire() as connection:
            for row in await connection.fetch("select id from workspace"):
                days = (await rules_of(connection, row["id"])).kind_days
                forgotten += await self._forget(connection, row["id"], f"{days} days")
        return forgotten
