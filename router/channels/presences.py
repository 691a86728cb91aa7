"""Changes of presence, those of one moment in one transaction.

When a crowd comes back, thousands say so within seconds. While one transaction is under way the
next changes gather, so that the more there are the less each of them costs.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple
from uuid import UUID

import asyncpg

from router.errors import NotFound
from router.queues.outbox import Pending
from router.queues.presence import Change, changed

AT_ONCE = 50
"""Agents of one transaction: their rows are locked until its end."""


class _Asked(NamedTuple):
    workspace_id: UUID
    change: Change
    told: asyncio.Future[Pending]


class Presences:
    """Writes presences; each caller applies what is to be told of theirs."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool
        self._waiting: list[_Asked] = []
        self._writing: asyncio.Task[None] | None = None

    async def set(self, workspace_id: UUID, change: Change) -> Pending:
        """Commit it. Several of one agent come one after the other. Raises NotFound."""
        told: asyncio.Future[Pending] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Asked(workspace_id, change, told))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await told

    async def _write(self) -> None:
        while self._waiting:
            batch = self._take()
            try:
                await self._commit(batch)
            except asyncpg.DataError:
                # what is odd in one of them must not be the others' trouble
                for asked in batch:
                    await self._alone(asked)
            except Exception as error:
                for asked in batch:
                    _fail(asked, error)

    async def _alone(self, asked: _Asked) -> None:
        try:
            await self._commit([asked])
        except Exception as own:
            _fail(asked, own)

    def _take(self) -> list[_Asked]:
        """The oldest, and those that can go with it: of its workspace, each agent once."""
        # without those whose caller has gone meanwhile
        waiting = [asked for asked in self._waiting if not asked.told.done()]
        batch: dict[UUID, _Asked] = {}
        self._waiting = []
        for asked in waiting:
            agent = asked.change.agent_id
            fits = asked.workspace_id == waiting[0].workspace_id and len(batch) < AT_ONCE
            if fits and agent not in batch:
                batch[agent] = asked
            else:
                self._waiting.append(asked)
        return list(batch.values())

    async def _commit(self, batch: list[_Asked]) -> None:
        if not batch:
            return
        workspace_id = batch[0].workspace_id
        async with self._pool.acquire() as connection, connection.transaction():
            pending = await changed(connection, workspace_id, [asked.change for asked in batch])
        for asked in batch:
            if asked.told.done():
                # its caller has gone; what is left in the outbox is drained
                continue
            if told := pending.get(asked.change.agent_id):
                asked.told.set_result(told)
            else:
                asked.told.set_exception(NotFound("there is no such agent"))


def _fail(asked: _Asked, error: Exception) -> None:
    if not asked.told.done():
        asked.told.set_exception(error)
