"""The service as a process of its own, on stores that outlive it."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import unused_port

from tests.house import until

DOMAIN = "acme.test"
PASSWORD = "four unrelated words here"
WIDGET = "acme-chat"


class Process:
    """`secondline serve` that is stopped, killed, frozen and started again on one port."""

    def __init__(self, database: str, live: str, log: Path) -> None:
        self.port = unused_port()
        self.url = f"http://localhost:{self.port}"
        self._log = log
        self._environ = {
            "PATH": os.environ["PATH"],
            "PORT": str(self.port),
            "HOST": "localhost",
            "PUBLIC_URL": self.url,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DATABASE_URL": database,
            "REDIS_URL": live,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def _spawn(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "router", "serve"],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def start(self) -> None:
        """And wait until it answers."""
        self._spawn()
        async with aiohttp.ClientSession() as http:

            async def ready() -> bool:
                assert self._process is not None
                assert self._process.poll() is None, self._log.read_text()
                try:
                    async with http.get(f"{self.url}/readyz") as answer:
                        return answer.status == 200
                except aiohttp.ClientError:
                    return False

            await until(ready, "the service is ready", 30)

    def send(self, sign: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(sign)

    async def ended(self) -> int:
        """Its exit code."""
        assert self._process is not None
        code = await asyncio.wait_for(asyncio.to_thread(self._process.wait), 10)
        self._process = None
        return code

    async def close(self) -> None:
        if self._process is not None:
            self.send(signal.SIGKILL)
            await self.ended()

    def found(self) -> None:
        """The first administrator and their workspace, by the command line."""
        subprocess.run(
            [
                *(sys.executable, "-m", "router", "admin", "--email", f"admin@{DOMAIN}"),
                *("--name", "Ada", "--workspace", "Acme", "--password-stdin"),
            ],
            env=self._environ,
            input=f"{PASSWORD}\n",
            text=True,
            check=True,
            capture_output=True,
        )


async def furnish(url: str) -> None:
    """Two queues, a widget and an agent, all by the administrator over HTTP."""
    async with aiohttp.ClientSession(url, headers={"Origin": url}) as http:

        async def post(path: str, **body: Any) -> Any:
            async with http.post(path, json=body) as answer:
                assert answer.status < 300, await answer.text()
                return await answer.json() if answer.status != 204 else None

        await post("/api/login", email=f"admin@{DOMAIN}", password=PASSWORD)
        experts = await post(
            "/api/queues", slug="experts", name="Experts", policy={"steps": [{"tiers": [2]}]}
        )
        customers = await post(
            "/api/queues",
            slug="customers",
            name="Customers",
            policy={"steps": [{"tiers": [1]}], "escalates_to": "experts"},
        )
        await post(
            "/api/entry-points",
            kind="widget",
            address=WIDGET,
            name="Acme",
            customer_queue_id=customers["id"],
            expert_queue_id=experts["id"],
        )
        for login, role in (("ana", "agent"), ("sue", "supervisor")):
            agent = {"tier": 1, "languages": ["en"], "capacity": {"voice": 0, "chat": 5}}
            invited = await post(
                "/api/accounts",
                email=f"{login}@{DOMAIN}",
                name=login.title(),
                role=role,
                agent=agent if role == "agent" else None,
            )
            token = invited["link"].partition("token=")[2]
            await post("/api/invitations/accept", token=token, password=PASSWORD)


@asynccontextmanager
async def process(database: str, live: str) -> AsyncIterator[Process]:
    """Started with a company in it, and gone with the block."""
    with tempfile.TemporaryDirectory(prefix="sl-") as folder:
        running = Process(database, live, Path(folder) / "log")
        try:
            await running.start()
            running.found()
            await furnish(running.url)
            yield running
        finally:
            await running.close()
