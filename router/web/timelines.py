"""Timelines to sockets: each entry exactly once, in order, however events behave.

An event only says that there is something to read; what is read, and from where, is decided by
the truth and by what this reader has handed on. A lost event delays: the sweep asks the truth
for all contacts that are open here with one query.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from router.channels.conversation import Conversations
from router.web.errors import known

log = structlog.get_logger()

SWEEP_SECONDS = 5.0
PAGE = 500

Deliver = Callable[[dict[str, Any]], None]


class Reader:
    """One socket's place in one timeline."""

    def __init__(
        self,
        conversations: Conversations,
        workspace_id: UUID,
        contact_id: UUID,
        *,
        after: int,
        staff: bool,
        deliver: Deliver,
    ) -> None:
        self.contact_id = contact_id
        self._conversations = conversations
        self._workspace_id = workspace_id
        self._staff = staff
        self._deliver = deliver
        self._read = after
        self._wanted = after
        self._task: asyncio.Task[None] | None = None

    def heard(self, seq: int) -> None:
        """There is something up to this number."""
        self._wanted = max(self._wanted, seq)
        if self._wanted > self._read and self._task is None:
            self._task = asyncio.create_task(self._catch_up())
            self._task.add_done_callback(self._caught_up)

    def close(self) -> None:
        """Hand on nothing any more."""
        self._wanted = -1
        if self._task is not None:
            self._task.cancel()

    async def _catch_up(self) -> None:
        while self._wanted > self._read:
            wanted = self._wanted
            entries = await self._conversations.read(
                self._workspace_id, self.contact_id, self._read, staff=self._staff, limit=PAGE
            )
            for entry in entries:
                self._read = entry.seq
                self._deliver(entry.wire())
            if len(entries) < PAGE:
                # the newest may be for other eyes only
                self._read = max(self._read, wanted)

    def _caught_up(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if task.cancelled():
            return
        if error := task.exception():
            # the sweep comes back to it
            log.warning("timeline.unread", error=repr(error), fault=known(error) is None)
        elif self._wanted > self._read:
            self.heard(self._wanted)


class Timelines:
    """The readers of this process."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], conversations: Conversations) -> None:
        self._pool = pool
        self._conversations = conversations
        self._readers: defaultdict[UUID, set[Reader]] = defaultdict(set)

    @contextlib.contextmanager
    def reading(
        self, workspace_id: UUID, contact_id: UUID, *, after: int, staff: bool, deliver: Deliver
    ) -> Iterator[Reader]:
        """While entered, what is written after `after` is delivered, once `heard` of."""
        reader = self.open(workspace_id, contact_id, after=after, staff=staff, deliver=deliver)
        try:
            yield reader
        finally:
            self.close(reader)

    def open(
        self, workspace_id: UUID, contact_id: UUID, *, after: int, staff: bool, deliver: Deliver
    ) -> Reader:
        """A reader to be closed by `close`."""
        reader = Reader(
            self._conversations,
            workspace_id,
            contact_id,
            after=after,
            staff=staff,
            deliver=deliver,
        )
        self._readers[contact_id].add(reader)
        return reader

    def close(self, reader: Reader) -> None:
        """The socket is gone, or the contact out of its hands."""
        reader.close()
        readers = self._readers[reader.contact_id]
        readers.discard(reader)
        if not readers:
            del self._readers[reader.contact_id]

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep()
            except Exception as error:
                log.warning("timelines.unswept", error=repr(error), fault=known(error) is None)

    async def sweep(self) -> None:
        """Ask the truth how far each open timeline goes."""
        if not self._readers:
            return
        rows = await self._pool.fetch(
            "select id, last_seq from contact where id = any($1)", list(self._readers)
        )
        for row in rows:
            for reader in self._readers.get(row["id"], ()):
                reader.heard(row["last_seq"])
