"""One connection to the live store that many callers share.

What they ask in one breath goes out in one packet, and the store answers in that order, so that a
call costs neither a connection of a pool nor a timer of its own. Nothing is ever asked twice:
when the connection is lost, or the store says nothing for too long, whoever still waits hears
that what they asked may or may not have been done.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import hiredis
from redis.asyncio.connection import AbstractConnection, DefaultParser
from redis.exceptions import ConnectionError, TimeoutError

STALL_S = 5.0
"""How long the store may leave somebody waiting until it counts as away."""

_LOOKS = 5
"""So many times in that time it is looked whether somebody waits too long."""

_NOTHING = object()

Command = Sequence[Any]


class _Asked:
    """Commands of one caller, and what was answered so far. one: a single one, answered plainly."""

    __slots__ = ("answers", "asked_at", "left", "one", "told")

    def __init__(
        self, told: asyncio.Future[Any], commands: int, asked_at: float, one: bool
    ) -> None:
        self.told = told
        self.left = commands
        self.asked_at = asked_at
        self.one = one
        self.answers: list[Any] = []

    def fail(self, error: Exception) -> None:
        if not self.told.done():
            self.told.set_exception(error)


class Link:
    """Calls over one connection; opened by the first call, and anew by the first after a loss.

    connect: makes redis-py's connection, not yet open: addresses, TLS, passwords are its
    business. Waiting calls are bounded by their callers, and all end within `stall_s` and the
    time that opening may take.
    """

    def __init__(
        self, connect: Callable[[], AbstractConnection], *, stall_s: float = STALL_S
    ) -> None:
        self._connect = connect
        self._stall_s = stall_s
        self._line: _Line | None = None
        # asked while no connection is open, in order
        self._waiting: list[tuple[bytes, _Asked]] = []
        self._opening: asyncio.Task[None] | None = None

    def call(self, *command: Any) -> asyncio.Future[Any]:
        """The answer to one command, as the store gives it.

        Raises what redis-py raises: ResponseError for what the store refuses, ConnectionError and
        TimeoutError when it is unknown whether the command was carried out.
        """
        return self._ask(hiredis.pack_command(command), 1, one=True)

    def calls(self, commands: Sequence[Command]) -> asyncio.Future[list[Any]]:
        """The answers to all of them, in order and in one round trip; a refusal is an answer.

        Other callers' commands may come in between, unless these are a transaction.
        """
        packed = b"".join([hiredis.pack_command(tuple(command)) for command in commands])
        return self._ask(packed, len(commands), one=False)

    def _ask(self, packed: bytes, commands: int, *, one: bool) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Any] = loop.create_future()
        if not commands:
            told.set_result([])
            return told
        asked = _Asked(told, commands, loop.time(), one)
        if self._line is not None and self._line.open:
            self._line.ask(packed, asked)
            return told
        self._waiting.append((packed, asked))
        if self._opening is None:
            self._opening = loop.create_task(self._open())
        return told

    async def _open(self) -> None:
        failed: Exception | None = None
        connection = self._connect()
        try:
            # redis-py is typed in parts
            await connection.connect()  # type: ignore[no-untyped-call]
        except Exception as error:
            # whatever it is, those who wait must hear of it
            failed = error
        finally:
            self._opening = None
        waiting, self._waiting = self._waiting, []
        if failed is not None:
            for _, asked in waiting:
                asked.fail(ConnectionError(f"the live store was not reached: {failed}"))
            return
        self._line = _Line(connection, self._stall_s)
        for packed, asked in waiting:
            self._line.ask(packed, asked)

    async def aclose(self) -> None:
        """Close; whoever still waits is told that."""
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        for _, asked in self._waiting:
            asked.fail(ConnectionError("closed"))
        self._waiting.clear()
        if self._line is not None:
            self._line.end(ConnectionError("closed"))
            self._line = None


class _Line(asyncio.Protocol):
    """One open connection, taken over from redis-py once it has shaken hands."""

    def __init__(self, connection: AbstractConnection, stall_s: float) -> None:
        self.open = True
        self._loop = asyncio.get_running_loop()
        self._stall_s = stall_s
        self._asked: deque[_Asked] = deque()
        self._outgoing: list[bytes] = []
        self._looking: asyncio.TimerHandle | None = None
        self._answers = hiredis.Reader(
            protocolError=ConnectionError,
            replyError=DefaultParser.parse_error,
            encoding="utf-8",
            notEnoughData=_NOTHING,
        )
        # redis-py has no public way to its socket. Its own reading and writing, a timer, a lock
        # and some tasks for each call, costs five times what the call costs otherwise
        writer = connection._writer
        assert writer is not None
        # the writer closes its socket when it is forgotten; its connection would warn of it
        self._writer, connection._writer, connection._reader = writer, None, None
        self._transport = writer.transport
        self._transport.set_protocol(self)

    def ask(self, packed: bytes, asked: _Asked) -> None:
        """Send, together with what else is asked in this turn of the loop."""
        self._asked.append(asked)
        if not self._outgoing:
            self._loop.call_soon(self._send)
        self._outgoing.append(packed)
        if self._looking is None:
            self._looking = self._loop.call_later(self._stall_s / _LOOKS, self._look)

    def _send(self) -> None:
        if self.open:
            self._transport.write(b"".join(self._outgoing))
        self._outgoing.clear()

    def data_received(self, data: bytes) -> None:
        self._answers.feed(data)
        gets = self._answers.gets
        while (answer := gets()) is not _NOTHING:
            if isinstance(answer, hiredis.PushNotification):
                continue
            asked = self._asked[0]
            asked.left -= 1
            if not asked.one:
                asked.answers.append(answer)
                if asked.left:
                    continue
            self._asked.popleft()
            told = asked.told
            if told.done():
                # its caller has gone
                continue
            if not asked.one:
                told.set_result(asked.answers)
            elif isinstance(answer, Exception):
                told.set_exception(answer)
            else:
                told.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        self.end(ConnectionError(f"the connection to the live store was lost: {error or 'closed'}"))

    def _look(self) -> None:
        self._looking = None
        if not self._asked:
            # the next call starts the clock again
            return
        if self._loop.time() - self._asked[0].asked_at > self._stall_s:
            self.end(TimeoutError(f"the live store said nothing for {self._stall_s:g} s"))
            return
        self._looking = self._loop.call_later(self._stall_s / _LOOKS, self._look)

    def end(self, error: Exception) -> None:
        """No more of this connection: whoever waits hears why."""
        self.open = False
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._transport.abort()
        while self._asked:
            self._asked.popleft().fail(type(error)(*error.args))
