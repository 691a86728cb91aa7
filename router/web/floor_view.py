"""The floor of one workspace in this process, kept once for however many supervisors look.

Events say which rows to read again; changes are gathered for a moment and sent as one patch,
encoded once. While the live store cannot be read nothing is sent, not even a tick: the pages
then say that they are stale.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import UUID

import structlog

from router.store.hub import Event, Hub, Subscription
from router.tasks import stop
from router.web.clock import LiveClock
from router.web.errors import known
from router.web.floor_rows import Row, Rows
from router.web.socket import Socket, encode

log = structlog.get_logger()

GATHER_SECONDS = 0.3
TICK_SECONDS = 2.0
RELOAD_SECONDS = 10.0
CONTACTS_SHOWN = 1000
"""More rows than this nobody reads; the queues' figures count all contacts."""

Rowset = dict[str, Row]


class Changed:
    """What events say is to be read again."""

    def __init__(self) -> None:
        self.agents: set[str] = set()
        self.contacts: set[str] = set()
        self.queues = False

    def add(self, event: Event) -> None:
        """Note what this event may have changed."""
        if "agent" in event:
            self.agents.add(event["agent"])
        if "contact" in event:
            self.contacts.add(event["contact"])
        # an agent who signs in makes a queue servable
        self.queues = True


class FloorView:
    """One workspace's rows and the sockets that show them."""

    def __init__(self, rows: Rows, hub: Hub, clock: LiveClock, workspace_id: UUID) -> None:
        self._rows, self._hub, self._clock, self._ws = rows, hub, clock, workspace_id
        self._sockets: set[Socket] = set()
        self.ready = asyncio.Event()
        self._queues: Rowset = {}
        self._agents: Rowset = {}
        self._contacts: Rowset = {}
        self._cursor = "0-0"
        self._snapshot: bytes | None = None

    def snapshot(self) -> bytes:
        """All rows, encoded; the same bytes for everybody who asks before the next change."""
        if self._snapshot is None:
            self._snapshot = encode(
                self._frame(
                    "snapshot",
                    queues=[*self._queues.values()],
                    agents=[*self._agents.values()],
                    contacts=[*self._contacts.values()],
                )
            )
        return self._snapshot

    @contextlib.contextmanager
    def shown_to(self, socket: Socket) -> Iterator[None]:
        """The snapshot, and from then on every change, without a pause between the two."""
        socket.send(self.snapshot())
        self._sockets.add(socket)
        try:
            yield
        finally:
            self._sockets.discard(socket)

    async def run(self) -> None:
        """Keep the rows until cancelled."""
        while True:
            try:
                async with self._hub.subscribe(self._ws, ["floor"], limit=20_000) as events:
                    await self._reload()
                    self.ready.set()
                    await self._follow(events)
            except Exception as error:
                fault = known(error) is None
                log.warning("floor.unread", error=repr(error), fault=fault, exc_info=fault)
                await asyncio.sleep(1)

    async def _follow(self, events: Subscription) -> None:
        loop = asyncio.get_running_loop()
        stream = aiter(events)
        waiting: asyncio.Task[Event] = asyncio.ensure_future(anext(stream))
        tick_at, reload_at = loop.time() + TICK_SECONDS, loop.time() + RELOAD_SECONDS
        try:
            while True:
                timeout = max(0.0, min(tick_at, reload_at) - loop.time())
                done, _ = await asyncio.wait({waiting}, timeout=timeout)
                if done:
                    changed = Changed()
                    deadline = loop.time() + GATHER_SECONDS
                    while done:
                        try:
                            event = waiting.result()
                        except StopAsyncIteration:
                            # fell behind: begin again with everything
                            return
                        changed.add(event)
                        self._cursor = event["cursor"]
                        waiting = asyncio.ensure_future(anext(stream))
                        left = deadline - loop.time()
                        if left <= 0:
                            break
                        done, _ = await asyncio.wait({waiting}, timeout=left)
                    await self._refresh(changed)
                if loop.time() >= reload_at:
                    await self._reload()
                    reload_at = loop.time() + RELOAD_SECONDS
                if loop.time() >= tick_at:
                    self._send(encode({"type": "tick", "now_ms": self._clock.now_ms()}))
                    tick_at = loop.time() + TICK_SECONDS
        finally:
            waiting.cancel()

    async def _refresh(self, changed: Changed) -> None:
        agents = await self._rows.agents(changed.agents) if changed.agents else {}
        contacts = await self._rows.contacts(changed.contacts) if changed.contacts else {}
        queues = await self._rows.queues() if changed.queues else {}
        self._show(queues, agents, contacts, gone=changed.contacts - contacts.keys())

    async def _reload(self) -> None:
        cursor = await self._rows.cursor()
        queues = await self._rows.queues()
        agents = await self._rows.agents()
        if signed_out := self._agents.keys() - agents.keys():
            agents |= await self._rows.agents(signed_out)
        contacts = await self._rows.contacts()
        # those beyond the oldest that events brought here
        if others := self._contacts.keys() - contacts.keys():
            contacts |= await self._rows.contacts(others)
        self._cursor = cursor
        self._show(queues, agents, contacts, gone=self._contacts.keys() - contacts.keys())

    def _show(self, queues: Rowset, agents: Rowset, contacts: Rowset, gone: set[str]) -> None:
        room = CONTACTS_SHOWN - len(self._contacts)
        # queues are read all or none: one that is missing was dropped by a policy
        dropped = self._queues.keys() - queues.keys() if queues else set()
        for row in [row for id_, row in contacts.items() if id_ not in self._contacts][room:]:
            del contacts[row["id"]]
        patch: dict[str, list[Any]] = {
            "queues": _merge(self._queues, queues),
            "agents": _merge(self._agents, agents),
            "contacts": _merge(self._contacts, contacts),
            "gone": [
                *(id_ for id_ in gone if self._contacts.pop(id_, None)),
                *(id_ for id_ in dropped if self._queues.pop(id_, None)),
            ],
        }
        if any(patch.values()):
            self._snapshot = None
            self._send(encode(self._frame("patch", **patch)))
        # who signed out has been shown as such; the next snapshot is of those who are in
        for id_ in [id_ for id_, row in agents.items() if row["state"] == "offline"]:
            self._agents.pop(id_, None)
            self._snapshot = None

    def _frame(self, kind: str, **rows: list[Any]) -> dict[str, Any]:
        return {"type": kind, "now_ms": self._clock.now_ms(), "cursor": self._cursor, **rows}

    def _send(self, raw: bytes) -> None:
        for socket in self._sockets:
            socket.send(raw)


def _merge(shown: Rowset, rows: Rowset) -> list[Row]:
    """Puts rows in place; those that differ from what was shown."""
    changed = [row for id_, row in rows.items() if shown.get(id_) != row]
    shown.update(rows)
    return changed


class Floors:
    """The views that somebody is looking at here."""

    def __init__(self, make: Callable[[UUID], FloorView]) -> None:
        self._make = make
        self._views: dict[UUID, tuple[FloorView, asyncio.Task[None]]] = {}
        self._looking: dict[UUID, int] = {}

    @contextlib.asynccontextmanager
    async def looking(self, workspace_id: UUID) -> AsyncIterator[FloorView]:
        """The workspace's view, while entered. Raises TimeoutError when it cannot be read."""
        if workspace_id not in self._views:
            view = self._make(workspace_id)
            self._views[workspace_id] = (view, asyncio.create_task(view.run()))
            self._looking[workspace_id] = 0
        view, task = self._views[workspace_id]
        self._looking[workspace_id] += 1
        try:
            await asyncio.wait_for(view.ready.wait(), 5)
            yield view
        finally:
            self._looking[workspace_id] -= 1
            if self._looking[workspace_id] == 0:
                del self._views[workspace_id]
                await stop(task)
