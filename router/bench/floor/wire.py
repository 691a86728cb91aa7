"""The load's own clients: HTTP and WebSocket with as little processor time as Python allows.

The load shares the machine with what it measures, so every microsecond here is one that the
service does not have. A frame is masked with zeros, which leaves it as it is.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections import deque
from collections.abc import Callable

Address = tuple[str, int]


class Closed(Exception):
    """The peer ended the connection."""


# What comes is read into this one, for all connections of the process: asyncio would make a
# quarter of a megabyte for each reading, to give it back at once.
_INTO = bytearray(256 * 1024)


class _Reading(asyncio.BufferedProtocol):
    """A connection whose `data_received` gets a copy of what came."""

    def get_buffer(self, sizehint: int) -> bytearray:
        return _INTO

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(memoryview(_INTO)[:nbytes]))

    def data_received(self, data: bytes) -> None:
        raise NotImplementedError


class Desk(_Reading):
    """One WebSocket; `heard` gets the text frames' bytes."""

    def __init__(self, request: bytes, heard: Callable[[Desk, bytes], None]) -> None:
        self._request = request
        self._heard = heard
        self._transport: asyncio.Transport | None = None
        self._open = False
        self._buffer = bytearray()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # the bench's own word on whose socket this is
        self.place = -1

    @classmethod
    async def connect(
        cls, address: Address, path: str, cookie: str, heard: Callable[[Desk, bytes], None]
    ) -> Desk:
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Cookie: {cookie}\r\n\r\n"
        ).encode()
        loop = asyncio.get_running_loop()
        _, desk = await loop.create_connection(lambda: cls(request, heard), *address)
        await desk.opened
        return desk

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(Closed("the connection ended before it was a socket"))

    def send(self, text: bytes) -> None:
        """One text frame."""
        assert self._transport is not None
        size = len(text)
        if size < 126:
            head = bytes((0x81, 0x80 | size, 0, 0, 0, 0))
        else:
            head = bytes((0x81, 0xFE, size >> 8, size & 255, 0, 0, 0, 0))
        self._transport.write(head + text)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._buffer or not self._open:
            self._buffer += data
            data = bytes(self._buffer)
            self._buffer.clear()
        if not self._open:
            head, found, rest = data.partition(b"\r\n\r\n")
            if not found:
                self._buffer += data
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(Closed((head + rest).decode("latin-1")))
                self.close()
                return
            self._open, data = True, rest
            self.opened.set_result(None)
        at, size = 0, len(data)
        while size - at >= 2:
            length, begin = data[at + 1], at + 2
            if length == 126:
                begin += 2
                length = int.from_bytes(data[at + 2 : begin], "big") if size >= begin else size
            elif length == 127:
                begin += 8
                length = int.from_bytes(data[at + 2 : begin], "big") if size >= begin else size
            if size < begin + length:
                break
            end = begin + length
            match data[at] & 0x0F:
                case 1:
                    self._heard(self, data[begin:end])
                case 9:
                    pong = bytes((0x8A, 0x80 | length, 0, 0, 0, 0)) + data[begin:end]
                    if self._transport is not None:
                        self._transport.write(pong)
                case 8:
                    self.close()
            at = end
        if at < size:
            self._buffer += data[at:]


class _Line(_Reading):
    """One kept HTTP connection, with one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(Closed("the connection ended before the answer"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.lower().find(b"content-length:")
        length = 0 if at < 0 else int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._buffer = b""
        if self.answer is not None and not self.answer.done():
            self.answer.set_result((int(head[9:12]), body))


class Http:
    """Requests to one server over as many kept connections as are needed at once."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._free: deque[_Line] = deque()

    async def post(self, path: str, body: bytes, cookie: str = "") -> tuple[int, bytes]:
        """Status and body of the answer. Raises Closed."""
        while self._free:
            line = self._free.pop()
            if line.transport is not None:
                break
        else:
            loop = asyncio.get_running_loop()
            _, line = await loop.create_connection(_Line, *self._address)
        line.answer = asyncio.get_running_loop().create_future()
        assert line.transport is not None
        extra = f"Cookie: {cookie}\r\n" if cookie else ""
        line.transport.write(
            f"POST {path} HTTP/1.1\r\nHost: {self._address[0]}:{self._address[1]}\r\n{extra}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        answer = await line.answer
        self._free.append(line)
        return answer

    def close(self) -> None:
        for line in self._free:
            if line.transport is not None:
                line.transport.abort()
