"""A wire that can be bad: TCP between a process and what it talks to, with faults on demand.

The proxy forwards bytes. It can refuse, stall, slow down and cut; and it knows just enough of the
two stores' protocols to do so at one certain request.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

CHUNK = 256 * 1024

# PostgreSQL's Parse and Bind: a statement that asyncpg prepares goes by its name from then on
_PREPARED = re.compile(rb"P.{4}(__asyncpg_stmt_\w+__)\x00([^\x00]*)\x00", re.DOTALL)
_BOUND = re.compile(rb"B.{4}\x00(__asyncpg_stmt_\w+__)\x00", re.DOTALL)

Act = Literal["cut", "cut reply", "hold", "hold reply"]


@dataclass
class Trap:
    """What befalls the next requests with these bytes in them.

    cut: the request is not delivered, the connection is over. cut reply: it is delivered, and the
    connection is over when the reply comes. hold: it waits for `release`. hold reply: its reply
    does.
    """

    marks: bytes
    act: Act
    times: int = 1
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        self.released.set()

    async def sprung(self, seconds: float = 10) -> None:
        """Until a request has been caught."""
        await asyncio.wait_for(self.taken.wait(), seconds)


class _Wire:
    """One connection through the proxy."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near, self.far = near, far
        self.names: dict[bytes, bytes] = {}
        self.reply: Trap | None = None

    def abort(self) -> None:
        self.near.transport.abort()
        self.far.transport.abort()


class Proxy:
    """Listens on a port of its own. Several targets take turns; those that refuse are passed over.

    refusing: new connections are reset. delay_s: of every piece, each way. A target is a socket's
    path or host:port.
    """

    def __init__(self, *targets: str) -> None:
        self.targets = list(targets)
        self.refusing = False
        self.delay_s = 0.0
        self.port = 0
        self.connections = 0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._turns = count()
        self._wires: set[_Wire] = set()
        self._traps: list[Trap] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._flowing.set()
        self.cut()

    def trap(self, marks: str, act: Act, *, times: int = 1) -> Trap:
        trap = Trap(marks.encode(), act, times)
        self._traps.append(trap)
        return trap

    def heal(self) -> None:
        """Everything flows again."""
        self.refusing, self.delay_s = False, 0.0
        for trap in self._traps:
            trap.release()
        self._traps.clear()
        self._flowing.set()

    def stall(self) -> None:
        """Not a byte passes, connections stay; `heal` lets what has gathered through."""
        self._flowing.clear()

    def cut(self) -> None:
        """Reset every connection."""
        for wire in list(self._wires):
            wire.abort()

    def gone(self) -> None:
        """As if the other side were gone: connections reset, new ones refused."""
        self.refusing = True
        self.cut()

    @contextlib.asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Gone while entered."""
        self.gone()
        try:
            yield
        finally:
            self.heal()

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if self.refusing:
            near.transport.abort()
            return
        opened = await self._open()
        if opened is None:
            near.transport.abort()
            return
        far_reader, far = opened
        wire = _Wire(near, far)
        self._wires.add(wire)
        self.connections += 1
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._ask(wire, reader))
                pumps.create_task(self._answer(wire, far_reader))
        except* (OSError, _Over):
            pass
        finally:
            self._wires.discard(wire)
            wire.abort()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        turn = next(self._turns)
        for place in range(len(self.targets)):
            target = self.targets[(turn + place) % len(self.targets)]
            with contextlib.suppress(OSError):
                if target.startswith("/"):
                    return await asyncio.open_unix_connection(target)
                host, _, port = target.rpartition(":")
                return await asyncio.open_connection(host, int(port))
        return None

    async def _ask(self, wire: _Wire, reader: asyncio.StreamReader) -> None:
        while piece := await reader.read(CHUNK):
            for name, text in _PREPARED.findall(piece):
                wire.names[name] = text
            trap = self._trap_for(wire, piece)
            if trap is not None:
                trap.taken.set()
                if trap.act == "cut":
                    raise _Over
                if trap.act == "hold":
                    await trap.released.wait()
                else:
                    wire.reply = trap
            await self._pass(piece, wire.far)
        raise _Over

    async def _answer(self, wire: _Wire, reader: asyncio.StreamReader) -> None:
        while piece := await reader.read(CHUNK):
            if (trap := wire.reply) is not None:
                wire.reply = None
                if trap.act == "cut reply":
                    raise _Over
                await trap.released.wait()
            await self._pass(piece, wire.near)
        raise _Over

    async def _pass(self, piece: bytes, to: asyncio.StreamWriter) -> None:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        await self._flowing.wait()
        to.write(piece)
        await to.drain()

    def _trap_for(self, wire: _Wire, piece: bytes) -> Trap | None:
        # to prepare a statement does nothing yet
        asked = _PREPARED.sub(b"", piece)
        for name in _BOUND.findall(piece):
            asked += wire.names.get(name, b"")
        for trap in self._traps:
            if trap.times and trap.marks in asked:
                trap.times -= 1
                return trap
        return None


class _Over(Exception):
    """One side is done, so the other is."""
