"""Whose desk and whose customer page is open in this process, told to the live store.

One loop renews all leases together: thousands of sockets cost one command a workspace. What is
not renewed runs out, and the timers of any process act on it: a lost socket alone does nothing.
Those who are about to come are told of together as well, a moment later: many arrive at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Hashable, Iterator, Mapping
from typing import TypeVar
from uuid import UUID

import structlog

from router.queues.engine import Engine
from router.tasks import stop
from router.web.errors import known

log = structlog.get_logger()

RENEW_SECONDS = 5.0
GATHER_S = 0.02
"""How long those who are expected are gathered."""
AT_ONCE = 500
"""Leases of one call: the store does nothing else meanwhile, which is half a millisecond."""

T = TypeVar("T", bound=Hashable)
_Desk = tuple[UUID, UUID]
_Visitor = tuple[UUID, UUID, int]


class Leases:
    """The agents and contacts that have a socket here."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._desks: Counter[_Desk] = Counter()
        self._visitors: Counter[_Visitor] = Counter()
        self._expected: defaultdict[UUID, defaultdict[int, list[UUID]]] = _nobody()
        self._wake = asyncio.Event()

    @contextlib.asynccontextmanager
    async def desk(self, workspace_id: UUID, agent_id: UUID) -> AsyncIterator[None]:
        """While entered, the agent's desk counts as open."""
        await self._touch(workspace_id, desks=[agent_id])
        with _held(self._desks, (workspace_id, agent_id)):
            yield

    def expect(self, workspace_id: UUID, contact_id: UUID, vanished_seconds: int) -> None:
        """The contact's person is about to open their socket."""
        self._expected[workspace_id][visitor_lease_ms(vanished_seconds)].append(contact_id)
        self._wake.set()

    @contextlib.asynccontextmanager
    async def visitor(
        self, workspace_id: UUID, contact_id: UUID, vanished_seconds: int
    ) -> AsyncIterator[None]:
        """While entered, the contact's person is there; so long after it they have vanished."""
        lease_ms = visitor_lease_ms(vanished_seconds)
        await self._touch(workspace_id, visitors={lease_ms: [contact_id]})
        with _held(self._visitors, (workspace_id, contact_id, lease_ms)):
            yield
        # from this moment on, not from the last renewal
        await self._touch(workspace_id, visitors={vanished_seconds * 1000: [contact_id]})

    async def run(self) -> None:
        """Renew, and tell of those who are expected, until cancelled."""
        tasks = [asyncio.create_task(self._renew()), asyncio.create_task(self._tell())]
        try:
            await asyncio.gather(*tasks)
        finally:
            await stop(*tasks)

    async def _tell(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER_S)
            self._wake.clear()
            expected, self._expected = self._expected, _nobody()
            for workspace_id, visitors in expected.items():
                await self._touch(workspace_id, visitors=visitors)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            desks: dict[UUID, list[UUID]] = {}
            for workspace_id, agent_id in self._desks:
                desks.setdefault(workspace_id, []).append(agent_id)
            visitors: dict[UUID, dict[int, list[UUID]]] = {}
            for workspace_id, contact_id, lease_ms in self._visitors:
                of_workspace = visitors.setdefault(workspace_id, {})
                of_workspace.setdefault(lease_ms, []).append(contact_id)
            for workspace_id in desks.keys() | visitors.keys():
                await self._touch(
                    workspace_id,
                    desks=desks.get(workspace_id, []),
                    visitors=visitors.get(workspace_id, {}),
                )

    async def _touch(
        self,
        workspace_id: UUID,
        *,
        desks: list[UUID] | None = None,
        visitors: Mapping[int, list[UUID]] | None = None,
    ) -> None:
        try:
            for part in _parts(desks or []):
                await self._engine.touch_desks(workspace_id, part)
            for lease_ms, contacts in (visitors or {}).items():
                for part in _parts(contacts):
                    await self._engine.touch_visitors(workspace_id, part, lease_ms)
        except Exception as error:
            # the leases are longer than a pause of the stores; the next round renews them
            log.warning("leases.unrenewed", error=repr(error), fault=known(error) is None)


def _nobody() -> defaultdict[UUID, defaultdict[int, list[UUID]]]:
    return defaultdict(lambda: defaultdict(list))


def _parts(ids: list[UUID]) -> Iterator[list[UUID]]:
    return (ids[begin : begin + AT_ONCE] for begin in range(0, len(ids), AT_ONCE))


def visitor_lease_ms(vanished_seconds: int) -> int:
    """A lease that, renewed on time, never runs out early."""
    return vanished_seconds * 1000 + int(RENEW_SECONDS * 1000)


@contextlib.contextmanager
def _held(counter: Counter[T], member: T) -> Iterator[None]:
    counter[member] += 1
    try:
        yield
    finally:
        counter[member] -= 1
        if counter[member] <= 0:
            del counter[member]
