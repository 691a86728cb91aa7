"""The whole service on a port of its own, and peers that talk to it as browsers do."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import websockets
from aiohttp import web
from aiohttp.test_utils import unused_port

from router.app import make_app
from router.identity.sessions import hash_of
from router.settings import Settings
from tests.house import House

SECRET_KEY = "k" * 20 + secrets.token_hex(20)


class Peer:
    """One socket: frames are read as they come, and looked for by type and content."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.frames: list[dict[str, Any]] = []
        self._ids = itertools.count(1)
        self._came = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for raw in self.connection:
                self.frames.append(json.loads(raw))
                async with self._came:
                    self._came.notify_all()
        async with self._came:
            self._came.notify_all()

    def of(self, kind: str) -> list[dict[str, Any]]:
        """All frames of this type so far."""
        return [frame for frame in self.frames if frame["type"] == kind]

    async def until(self, kind: str, seconds: float = 8, **like: Any) -> dict[str, Any]:
        """The first frame of this type with these values, that came or comes in time."""

        def found() -> dict[str, Any] | None:
            for frame in self.frames:
                if frame["type"] == kind and like.items() <= frame.items():
                    return frame
            return None

        try:
            async with asyncio.timeout(seconds), self._came:
                await self._came.wait_for(lambda: found() or self._reading.done())
        except TimeoutError:
            pass
        frame = found()
        assert frame is not None, f"no {kind} with {like} among {self.frames}"
        return frame

    async def ask(self, kind: str, **body: Any) -> dict[str, Any]:
        """The answer to one request: `ok` or `error`."""
        id_ = f"r{next(self._ids)}"
        await self.connection.send(json.dumps({"type": kind, "id": id_, **body}))
        async with asyncio.timeout(8), self._came:
            await self._came.wait_for(
                lambda: any(f.get("id") == id_ for f in self.frames) or self._reading.done()
            )
        return next(frame for frame in self.frames if frame.get("id") == id_)

    async def ok(self, kind: str, **body: Any) -> dict[str, Any]:
        """The same for a request that must succeed."""
        answer = await self.ask(kind, **body)
        assert answer["type"] == "ok", answer
        return answer

    async def closed(self, seconds: float = 8) -> int | None:
        """The code that the server closed with."""
        async with asyncio.timeout(seconds):
            await self.connection.wait_closed()
        return self.connection.close_code

    async def close(self) -> None:
        await self.connection.close()
        await self._reading


class Service:
    """One process of the service over a house's stores."""

    def __init__(self, house: House, settings: Settings) -> None:
        self.house = house
        self.settings = settings
        self.app: web.Application = make_app(settings)
        self.url = settings.public_url
        self.http = aiohttp.ClientSession(self.url, cookie_jar=aiohttp.DummyCookieJar())
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=1)
        self._peers: list[Peer] = []
        self._cookies: dict[UUID, str] = {}

    @classmethod
    async def start(cls, house: House, database: str, live: str, **changed: Any) -> Service:
        port = unused_port()
        settings = Settings(
            host="127.0.0.1",
            port=port,
            public_url=f"http://localhost:{port}",
            secret_key=SECRET_KEY,
            data=Path("unused"),
            database_url=database,
            redis_url=live,
            **changed,
        )
        service = cls(house, settings)
        await service._runner.setup()
        await web.TCPSite(service._runner, "127.0.0.1", port).start()
        return service

    async def stop(self) -> None:
        """End the process as a signal would; a second time it does nothing."""
        await self._runner.cleanup()
        for peer in self._peers:
            await peer.close()
        await self.http.close()

    async def account(self, role: str, name: str = "Sam") -> UUID:
        account: UUID = await self.house.pool.fetchval(
            "insert into account (workspace_id, email, name, role) values ($1, $2, $3, $4)"
            " returning id",
            self.house.workspace,
            f"{secrets.token_hex(6)}@example.com",
            name,
            role,
        )
        return account

    async def sign_in(self, account: UUID) -> dict[str, str]:
        """Headers of a browser with a session of this account."""
        token = self._cookies.get(account)
        if token is None:
            token = secrets.token_urlsafe(32)
            await self.house.pool.execute(
                "insert into session (token_hash, workspace_id, account_id, expires_at)"
                " values ($1, $2, $3, now() + interval '1 hour')",
                hash_of(token),
                self.house.workspace,
                account,
            )
            # known only now: another request at the same time would come before its session
            self._cookies[account] = token
        return {"Cookie": f"secondline_session={token}"}

    async def call(
        self, method: str, path: str, *, by: UUID | None = None, **how: Any
    ) -> tuple[int, Any]:
        """Status and JSON of a request. by: whose session."""
        headers = {**(await self.sign_in(by) if by else {}), **how.pop("headers", {})}
        async with self.http.request(method, path, headers=headers, **how) as response:
            body = await response.read()
            return response.status, json.loads(body) if body else None

    async def peer(self, path: str, by: UUID | None = None, origin: str | None = None) -> Peer:
        connection = await websockets.connect(
            self.url.replace("http", "ws") + path,
            additional_headers=await self.sign_in(by) if by else {},
            origin=origin,
        )
        peer = Peer(connection)
        self._peers.append(peer)
        return peer

    async def desk(self, agent: UUID) -> Peer:
        """An agent's desk, with its snapshot read."""
        peer = await self.peer("/ws/desk", by=agent)
        await peer.until("snapshot")
        return peer

    async def widget(self) -> str:
        address: str = await self.house.pool.fetchval(
            "select address from entry_point where id = $1", self.house.entry_point
        )
        return address

    async def open(self, **body: Any) -> dict[str, Any]:
        """A contact as the widget opens it: {contact, secret}."""
        request = {
            "widget": await self.widget(),
            "channel": "chat",
            "key": secrets.token_hex(16),
            **body,
        }
        status, answer = await self.call("POST", "/api/contacts", json=request)
        assert status == 201, answer
        opened: dict[str, Any] = answer
        return opened

    async def customer(self, opened: dict[str, Any], after: int = 0, **how: Any) -> Peer:
        """The customer's page on a contact, with its snapshot read."""
        peer = await self.peer("/ws/contact", **how)
        await peer.connection.send(json.dumps({"type": "hello", "after": after, **opened}))
        await peer.until("snapshot")
        return peer


@contextlib.asynccontextmanager
async def serving(house: House, database: str, live: str, **changed: Any) -> AsyncIterator[Service]:
    service = await Service.start(house, database, live, **changed)
    try:
        yield service
    finally:
        await service.stop()
