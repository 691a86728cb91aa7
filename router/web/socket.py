"""The socket that desks, customers and supervisors share: bounded both ways.

Frames of one turn of the event loop go out together, straight to the transport: no task and no
queue between. What a peer has not taken waits there; a reader that lets it grow is closed (1013)
and comes back to a snapshot, so a slow reader costs no more than that and holds up nobody.
Incoming requests are answered one after the other: their order is kept, and a flood stays in
the sender's own buffers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Annotated, Any

import msgspec
import structlog
from aiohttp import WSMessage, WSMsgType, web
from msgspec import Meta

from router.errors import Malformed, Unavailable
from router.tasks import stop
from router.web import errors
from router.web.drain import DRAIN
from router.web.framing import PING, head
from router.web.metrics import SOCKETS
from router.web.requests import BODY_LIMIT, Body, decode

log = structlog.get_logger()

OUTGOING_BYTES = 1024 * 1024
"""What a peer may leave untaken; one frame may be longer."""
MALFORMED_IN_A_ROW = 10
REQUESTS_AT_ONCE = 100
REQUESTS_PER_SECOND = 20.0
CLOSE_TIMEOUT = 3.0
"""Seconds that a peer has to take what is left and the close frame."""

TRY_AGAIN = 1013
FAULT = 1011
POLICY = 1008
NOT_TEXT = 1003
SIGNED_OUT = 4401
REFUSED = 4403

RequestId = Annotated[str, Meta(max_length=64)]


class Frame(Body, tag_field="type"):
    """A client's request; `id` comes back in the answer, without one there is no `ok`."""

    id: RequestId | None = None


class _Identified(msgspec.Struct):
    id: RequestId | None = None


class Restarting(Exception):
    """A background task's way to close its socket: come back for a snapshot."""


_ENDS = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED)
_encode = msgspec.json.Encoder().encode
Answer = Callable[[Any], Awaitable[dict[str, Any] | None]]


def encode(frame: dict[str, Any]) -> bytes:
    """A frame as bytes, for sockets that share one encoding."""
    return _encode(frame)


class Socket:
    """One client's socket."""

    def __init__(self, request: web.Request, name: str) -> None:
        self.name = name
        self._request = request
        # deflate keeps some 300 KB per socket, and frames that sockets share could not be shared
        self._ws = web.WebSocketResponse(
            autoping=False, timeout=CLOSE_TIMEOUT / 2, compress=False, max_msg_size=BODY_LIMIT
        )
        self._loop = asyncio.get_running_loop()
        # of this turn of the loop: heads and frames
        self._outgoing: list[bytes] = []
        self._bytes = 0
        # since the last look: whether the peer was heard, and whether it was asked
        self._heard = True
        self._asked = False
        self._answering = False
        self._farewell: tuple[int, str] | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._tokens = float(REQUESTS_AT_ONCE)
        self._filled_at = self._loop.time()

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, request: web.Request, name: str) -> AsyncIterator[Socket]:
        """Answer the upgrade; origin and session are checked before.

        An error while it is open is told to the client and closes the socket, for after the
        upgrade no HTTP answer can tell it.
        """
        drain = request.app[DRAIN]
        if drain.draining:
            raise Unavailable("This process is being restarted. Please try again in a moment.")
        socket = cls(request, name)
        await socket._ws.prepare(request)
        drain.add(socket)
        try:
            with SOCKETS.labels(name).track_inprogress():
                yield socket
        except Exception as error:
            socket.send(errors.frame(error, socket=name))
            socket.close(FAULT if errors.known(error) is None else TRY_AGAIN, "start again")
            await socket._left()
        finally:
            drain.remove(socket)

    @property
    def response(self) -> web.WebSocketResponse:
        """What the aiohttp handler returns."""
        return self._ws

    @property
    def untaken(self) -> int:
        """Bytes that the peer has not taken yet."""
        transport = self._request.transport
        return self._bytes + (transport.get_write_buffer_size() if transport else 0)

    def send(self, frame: dict[str, Any] | bytes) -> None:
        """Send a frame; never waits. A socket whose peer takes too little is closed instead."""
        if self._farewell is not None:
            return
        raw = frame if isinstance(frame, bytes) else _encode(frame)
        size = len(raw)
        untaken = self.untaken
        if untaken and untaken + size > OUTGOING_BYTES:
            log.info("socket.slow", socket=self.name, bytes=untaken)
            self._outgoing.clear()
            self._bytes = 0
            self.close(TRY_AGAIN, "too slow")
            return
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing += (head(size), raw)
        self._bytes += size

    def beat(self) -> None:
        """Look whether the peer is still there; called every `drain.HEARTBEAT` seconds."""
        transport = self._request.transport
        # while a request is answered nothing is read, a pong neither
        if self._heard or self._answering or self._farewell is not None or transport is None:
            self._heard = self._asked = False
        elif self._asked:
            log.info("socket.deaf", socket=self.name)
            transport.abort()
        else:
            self._asked = True
            self._flush()
            transport.write(PING)

    def _flush(self) -> None:
        """Hand over what was sent in this turn of the loop."""
        together = b"".join(self._outgoing)
        self._outgoing.clear()
        self._bytes = 0
        transport = self._request.transport
        if together and transport is not None and not transport.is_closing():
            transport.write(together)

    def close(self, code: int, reason: str = "", *, within: float = CLOSE_TIMEOUT) -> None:
        """Close after what was sent; a peer that does not take it in time is cut off."""
        if self._farewell is not None:
            return
        self._farewell = (code, reason)
        self._leaving = self._loop.create_task(self._leave(code, reason))
        if transport := self._request.transport:
            self._loop.call_later(within, transport.abort)

    async def _leave(self, code: int, reason: str) -> None:
        self._flush()
        # the reader notices a lost connection as well, and ends the socket
        with contextlib.suppress(ConnectionError):
            await self._ws.close(code=code, message=reason.encode())

    async def _left(self) -> None:
        """Until it is closed, by whichever side."""
        if self._leaving is None:
            self._farewell = (1000, "")
            await self._leave(1000, "")
        else:
            await asyncio.gather(self._leaving, return_exceptions=True)

    async def first(self, kind: type[Any], seconds: float) -> Any:
        """The client's first frame. Raises Malformed, Invalid, or TimeoutError."""
        async with asyncio.timeout(seconds):
            message = await self._next()
        if message.type != WSMsgType.TEXT:
            raise Malformed("The first frame has to be text.")
        return decode(message.data, kind)

    async def refuse(self, error: Exception, code: int) -> None:
        """Say why, and close: instead of `serve`."""
        self.send(errors.frame(error, socket=self.name))
        self.close(code)
        await self._left()

    async def serve(
        self, frames: Any, answer: Answer, *background: Coroutine[Any, Any, None]
    ) -> None:
        """Answer requests until the socket closes.

        frames: the union of `Frame` types. answer: gives what the `ok` carries beside its id.
        background: run beside; when one ends, the socket closes (1013) for a new start.
        """
        tasks = [asyncio.create_task(work) for work in background]
        for task in tasks:
            task.add_done_callback(self._background_ended)
        try:
            await self._read(frames, answer)
        finally:
            await stop(*tasks)
            await self._left()

    async def _read(self, frames: Any, answer: Answer) -> None:
        malformed = 0
        while (message := await self._next()).type not in _ENDS:
            if self._farewell is not None:
                return
            if message.type == WSMsgType.BINARY:
                self.close(NOT_TEXT, "text frames only")
                continue
            if message.type != WSMsgType.TEXT:
                continue
            await self._slow_down()
            try:
                frame = decode(message.data, frames)
                malformed = 0
            except Malformed as error:
                self.send(errors.frame(error))
                malformed += 1
                if malformed >= MALFORMED_IN_A_ROW:
                    self.close(POLICY, "malformed frames")
                continue
            except Exception as error:
                self.send(errors.frame(error, _id_of(message.data), socket=self.name))
                continue
            await self._answer(frame, answer)

    async def _next(self) -> WSMessage:
        """The next message that is no ping or pong."""
        while True:
            message: WSMessage = await self._ws.receive()
            self._heard = True
            if message.type == WSMsgType.PING:
                await self._ws.pong(message.data)
            elif message.type != WSMsgType.PONG:
                return message

    async def _answer(self, frame: Frame, answer: Answer) -> None:
        self._answering = True
        try:
            carried = await answer(frame)
        except Exception as error:
            kind = type(frame).__name__
            self.send(errors.frame(error, frame.id, socket=self.name, request=kind))
            return
        finally:
            self._answering = False
        if frame.id is not None:
            self.send({"type": "ok", "id": frame.id, **(carried or {})})

    async def _slow_down(self) -> None:
        """A token bucket that lets wait, not one that refuses: nothing is lost."""
        now = self._loop.time()
        filled = self._tokens + (now - self._filled_at) * REQUESTS_PER_SECOND
        self._tokens = min(filled, float(REQUESTS_AT_ONCE)) - 1
        self._filled_at = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / REQUESTS_PER_SECOND)

    def _background_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is None or isinstance(error, Restarting):
            self.close(TRY_AGAIN, "start again")
            return
        fault = errors.known(error) is None
        errors.describe(error, socket=self.name)
        self.close(FAULT if fault else TRY_AGAIN, "start again")


def _id_of(raw: str) -> str | None:
    """The id of a frame that was refused, so that the client knows which."""
    with contextlib.suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
        return msgspec.json.decode(raw, type=_Identified).id
    return None
