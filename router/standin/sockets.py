"""What the softphone's and the booth's sockets share: frames in, frames out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

LARGEST_FRAME = 64 * 1024
WAITING_FRAMES = 1_000
"""A reader who lets this many pile up is closed."""
HEARTBEAT_SECONDS = 20


class Malformed(Exception):
    """A message that is not understood; the socket stays up."""


class Socket:
    """send() never waits; frames go out in order."""

    def __init__(self) -> None:
        self._ws = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=LARGEST_FRAME)
        self._out: asyncio.Queue[dict[str, Any]] = asyncio.Queue(WAITING_FRAMES)
        self._closing: asyncio.Future[None] | None = None

    def send(self, message: dict[str, Any]) -> None:
        try:
            self._out.put_nowait(message)
        except asyncio.QueueFull:
            if self._closing is None:
                slow = self.close(WSCloseCode.TRY_AGAIN_LATER, "too slow")
                self._closing = asyncio.ensure_future(slow)

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Until the other side, or the server, closes it."""
        await self._ws.prepare(request)
        writer = asyncio.ensure_future(self._write())
        request.app[SOCKETS].open.add(self)
        try:
            if not await self.opened(request):
                return self._ws
            async for frame in self._ws:
                if frame.type is WSMsgType.TEXT:
                    await self._read(frame.data)
                elif frame.type is WSMsgType.BINARY:
                    await self._ws.close(code=WSCloseCode.UNSUPPORTED_DATA)
        finally:
            request.app[SOCKETS].open.discard(self)
            self.closed()
            writer.cancel()
        return self._ws

    async def close(self, code: int, reason: str) -> None:
        await self._ws.close(code=code, message=reason.encode()[:120])

    async def flush(self) -> None:
        """Until everything that was sent is on its way."""
        await self._out.join()

    async def _write(self) -> None:
        while True:
            message = await self._out.get()
            try:
                await self._ws.send_str(json.dumps(message))
            except (ConnectionError, RuntimeError):
                pass  # it is closing; the reader's side notices
            finally:
                self._out.task_done()

    async def _read(self, text: str) -> None:
        try:
            message = json.loads(text)
            if not isinstance(message, dict) or not isinstance(message.get("type"), str):
                raise Malformed("a message is an object with a type")
            await self.received(message)
        except json.JSONDecodeError as error:
            self.trouble(10000, f"not JSON: {error}")
        except Malformed as error:
            self.trouble(10000, str(error))

    async def opened(self, request: web.Request) -> bool:
        """Greet; false: it was closed again."""
        raise NotImplementedError

    async def received(self, message: dict[str, Any]) -> None:
        """Raises Malformed."""
        raise NotImplementedError

    def closed(self) -> None:
        raise NotImplementedError

    def trouble(self, code: int, text: str, **more: Any) -> None:
        self.send({"type": "error", "code": code, "message": text, **more})


class Sockets:
    """Those that are open, to be closed when the stand-in stops."""

    def __init__(self) -> None:
        self.open: set[Socket] = set()


SOCKETS = web.AppKey("sockets", Sockets)


def text_of(message: dict[str, Any], name: str, otherwise: str | None = None) -> str:
    value = message.get(name, otherwise)
    if not isinstance(value, str):
        raise Malformed(f"{name} must be text")
    return value


def flag_of(message: dict[str, Any], name: str) -> bool:
    value = message.get(name)
    if not isinstance(value, bool):
        raise Malformed(f"{name} must be true or false")
    return value
