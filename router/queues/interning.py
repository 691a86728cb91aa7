"""Kinds in the truth: each requirement has one number, stable across rebuilds."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import asyncpg

from router.queues.kinds import spec_of
from router.queues.outbox import Outbox
from router.queues.policy import Policy
from router.queues.presence import agent_changed
from router.queues.steps import CompiledStep, Requirement, compile_steps
from router.store.truth import Connection, Row


class Kinds:
    """Numbers for requirements; remembers what it has seen, for a number never changes."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], outbox: Outbox) -> None:
        self._pool = pool
        self._outbox = outbox
        self._known: dict[tuple[UUID, str], int] = {}

    async def intern(
        self, workspace_id: UUID, requirements: Iterable[Requirement]
    ) -> dict[Requirement, int]:
        """The number of each requirement; for a new one every signed-in agent is classed anew."""
        specs = {requirement: spec_of(requirement) for requirement in requirements}
        missing = [spec for spec in specs.values() if (workspace_id, spec) not in self._known]
        if missing:
            await self._make(workspace_id, missing)
        return {r: self._known[workspace_id, spec] for r, spec in specs.items()}

    async def compile(self, policy: Policy, contact: Row) -> list[tuple[CompiledStep, int]]:
        """A contact's steps with their kinds; call it before the transaction that uses them.

        contact: its workspace_id, channel, role, language and skills.
        """
        steps = compile_steps(policy, dict(contact))
        numbers = await self.intern(contact["workspace_id"], (step.requirement for step in steps))
        return [(step, numbers[step.requirement]) for step in steps]

    async def _make(self, workspace_id: UUID, specs: list[str]) -> None:
        changes = []
        async with self._pool.acquire() as connection, connection.transaction():
            found = await self._found(connection, workspace_id, specs)
            if len(found) < len(set(specs)):
                # an agent who signs in at this moment must either see the kind or be seen here
                await connection.execute(
                    "select pg_advisory_xact_lock(hashtextextended($1, 1))", str(workspace_id)
                )
                # another process may have made it while this one waited for the lock
                found = await self._found(connection, workspace_id, specs)
            new = sorted(set(specs) - set(found))
            if new:
                rows = await connection.fetch(
                    "insert into kind (workspace_id, spec) select $1, unnest($2::text[])"
                    " on conflict (workspace_id, spec) do update set spec = excluded.spec"
                    " returning id, spec",
                    workspace_id,
                    new,
                )
                found |= {row["spec"]: row["id"] for row in rows}
                signed_in = await connection.fetch(
                    "select id from agent where workspace_id = $1 and presence <> 'offline'"
                    " order by id",
                    workspace_id,
                )
                for agent in signed_in:
                    changes.append(await agent_changed(connection, workspace_id, agent["id"]))
        await self._outbox.apply(*changes)
        for spec, number in found.items():
            self._known[workspace_id, spec] = number

    async def _found(
        self, connection: Connection, workspace_id: UUID, specs: list[str]
    ) -> dict[str, int]:
        rows = await connection.fetch(
            "select id, spec from kind where workspace_id = $1 and spec = any($2)",
            workspace_id,
            specs,
        )
        return {row["spec"]: row["id"] for row in rows}
