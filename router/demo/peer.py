"""A client of the service, as a browser is one: a session over HTTP, and sockets."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import websockets

ANSWER_SECONDS = 10.0
GONE = (
    OSError,
    TimeoutError,
    aiohttp.ClientError,
    websockets.WebSocketException,
)
"""What a client meets when the other side goes away, or does not let it in."""

Frame = dict[str, Any]


class Refused(Exception):
    """The service said no. code: of its error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error.get("message"))
        self.code = str(error.get("code"))


class Socket:
    """Frames as they come, and requests with their answers while somebody reads the frames."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self._asked: dict[str, asyncio.Future[Frame]] = {}

    async def frames(self) -> AsyncIterator[Frame]:
        """Everything but answers, until the other side closes."""
        try:
            async for raw in self._connection:
                frame: Frame = json.loads(raw)
                asked = self._asked.pop(str(frame.get("id")), None)
                if asked is None:
                    yield frame
                elif not asked.done():
                    asked.set_result(frame)
        finally:
            for asked in self._asked.values():
                if not asked.done():
                    asked.set_exception(ConnectionError("the socket closed"))

    async def close(self) -> None:
        """Go; whoever reads the frames reads no more."""
        await self._connection.close()

    async def tell(self, kind: str, **body: Any) -> None:
        """A message without an answer."""
        await self._connection.send(json.dumps({"type": kind, **body}))

    async def ask(self, kind: str, **body: Any) -> Frame:
        """The answer to a request. Raises Refused, and GONE."""
        id_ = f"r{next(self._ids)}"
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._asked[id_] = answer
        await self.tell(kind, id=id_, **body)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                frame = await answer
        finally:
            self._asked.pop(id_, None)
        if frame["type"] == "error":
            raise Refused(frame["error"])
        return frame


class Client:
    """Somebody at a browser of their own. base: http://host:port."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self._http = http
        self._base = base
        self._cookie = ""

    async def log_in(self, email: str, password: str) -> None:
        """Raises Refused, and GONE."""
        body = {"email": email, "password": password}
        async with self._http.post(f"{self._base}/api/login", json=body) as answer:
            if answer.status >= 400:
                raise Refused((await answer.json())["error"])
            # by hand: a jar would keep a cookie for https to itself
            self._cookie = "; ".join(f"{k}={v.value}" for k, v in answer.cookies.items())

    async def request(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON. Raises Refused, and GONE."""
        async with self._http.request(
            method, self._base + path, json=body, headers={"Cookie": self._cookie}
        ) as answer:
            if answer.status >= 400:
                raise Refused((await answer.json())["error"])
            return await answer.json() if answer.status != 204 else None

    @asynccontextmanager
    async def socket(self, path: str) -> AsyncIterator[Socket]:
        """A socket of the service's, with this client's session. Raises GONE."""
        async with websockets.connect(
            self._base.replace("http", "ws", 1) + path,
            additional_headers={"Cookie": self._cookie} if self._cookie else None,
            compression=None,
            open_timeout=ANSWER_SECONDS,
            close_timeout=1,
        ) as connection:
            yield Socket(connection)
