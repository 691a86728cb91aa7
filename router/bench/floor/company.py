"""A company of any size over stores of its own, and server processes that serve it.

Everything is as in production: `secondline serve` as processes, PostgreSQL that waits for its
disk, Valkey with its log. The data folder is thrown away afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import psutil

from router.bench.floor.wire import Address
from router.embedded.postgres import Postgres
from router.embedded.valkey import Valkey
from router.store.migrate import migrate

WIDGET = "bench-widget"
LANGUAGES = ("en", "de", "es", "fr")
TOPICS = ("router", "bill", "move")
READY_S = 60.0

_ACCOUNTS = """
insert into account (id, workspace_id, email, name, role)
select md5('agent-' || n)::uuid, $1, 'agent-' || n || '@bench.test', 'Agent ' || n, 'agent'
from generate_series(1, $2) n
"""
# everybody speaks one language and some a second one; two of three topics each
_AGENTS = """
insert into agent (id, workspace_id, tier, languages, skills, capacity)
select md5('agent-' || n)::uuid, $1, 1,
  case when n % 3 = 0 then array[($3::text[])[1 + n % 4], ($3::text[])[1 + (n + 1) % 4]]
       else array[($3::text[])[1 + n % 4]] end,
  array[($4::text[])[1 + n % 3], ($4::text[])[1 + (n + 1) % 3]],
  '{"voice": 0, "chat": 1, "video": 0}'
from generate_series(1, $2) n
"""
_SESSIONS = """
insert into session (token_hash, workspace_id, account_id, expires_at)
select sha256(convert_to($3 || n, 'UTF8')), $1, md5('agent-' || n)::uuid, now() + interval '8 hours'
from generate_series(1, $2) n
"""
_CUSTOMERS = """
with made as (
  insert into person (id, workspace_id, name, provisional)
  select md5('customer-' || n)::uuid, $1, 'Customer ' || n, false from generate_series(1, $2) n
)
insert into address (workspace_id, kind, value, person_id, registered)
select $1, 'account', 'customer-' || n, md5('customer-' || n)::uuid, true
from generate_series(1, $2) n
"""


@dataclass(frozen=True)
class Size:
    """How much of everything. signed_in: agents with a session, the first of those registered.

    mixed: languages and topics differ; else every contact suits every agent.
    """

    registered: int
    signed_in: int
    customers: int = 1000
    servers: int = 1
    mixed: bool = False


class Company:
    """A filled company and its running servers; made by `company`."""

    def __init__(self, size: Size, folder: Path) -> None:
        self.size = size
        self.workspace = UUID(int=secrets.randbits(128))
        self.token_secret = ""
        self.servers: list[Address] = []
        self._salt = secrets.token_hex(16)
        self._postgres = Postgres(folder / "pg", folder / "pg.log")
        self._valkey = Valkey(folder / "vk", folder / "vk.log")
        self._folder = folder
        self._secret_key = secrets.token_hex(32)
        self._processes: list[subprocess.Popen[bytes]] = []
        self.database_url = self._postgres.url
        self.redis_url = self._valkey.url

    def token(self, place: int) -> str:
        """The session of the agent at this place, from 0."""
        return f"{self._salt}{place + 1}"

    def start(self) -> None:
        self._postgres.start()
        self._valkey.start()
        asyncio.run(self._fill())
        self.serve()

    def serve(self) -> None:
        """Start the server processes, each on a port of its own, and wait until they answer."""
        self.servers = [("127.0.0.1", free_port()) for _ in range(self.size.servers)]
        for number, (_, port) in enumerate(self.servers):
            with (self._folder / f"server-{number}.log").open("ab") as log:
                self._processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "router", "serve"],
                        env={
                            "PATH": os.defpath,
                            "HOST": "127.0.0.1",
                            "PORT": str(port),
                            "PUBLIC_URL": f"http://localhost:{port}",
                            "SECRET_KEY": self._secret_key,
                            "DATABASE_URL": self.database_url,
                            "REDIS_URL": self.redis_url,
                            "CONTACTS_PER_MINUTE": "100000",
                        },
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
        for number, address in enumerate(self.servers):
            self._wait_for(number, address)

    def _wait_for(self, number: int, address: Address) -> None:
        deadline = time.monotonic() + READY_S
        url = f"http://{address[0]}:{address[1]}/readyz"
        while time.monotonic() < deadline:
            if self._processes[number].poll() is not None:
                break
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.1)
        log = (self._folder / f"server-{number}.log").read_text()[-2000:]
        raise RuntimeError(f"server {number} does not answer:\n{log}")

    def stop_serving(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def close(self) -> None:
        self.stop_serving()
        self._valkey.process.stop()
        self._postgres.process.stop()

    async def ask(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Rows of a query, for counting what came of it all."""
        connection = await asyncpg.connect(self.database_url)
        try:
            rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
            return rows
        finally:
            await connection.close()

    def processor_time(self) -> dict[str, float]:
        """Seconds used so far by the servers and each store."""
        database = psutil.Process(
            int((self._folder / "pg" / "postmaster.pid").read_text().split()[0])
        )
        # those that have ended are counted by their parent
        times = database.cpu_times()
        postgres = times.user + times.system + times.children_user + times.children_system
        for child in database.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                postgres += _used(child)
        return {
            "servers": sum(_used(psutil.Process(each.pid)) for each in self._processes),
            "postgresql": postgres,
            "valkey": _used(psutil.Process(int((self._folder / "vk" / "valkey.pid").read_text()))),
        }

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    async def _fill(self) -> None:
        await migrate(self.database_url)
        connection = await asyncpg.connect(self.database_url)
        size, mixed = self.size, self.size.mixed
        languages = list(LANGUAGES if mixed else LANGUAGES[:1] * 4)
        topics = list(TOPICS if mixed else TOPICS[:1] * 3)
        try:
            self.token_secret = await connection.fetchval(
                "insert into workspace (id, slug, name) values ($1, 'bench', 'Bench')"
                " returning token_secret",
                self.workspace,
            )
            queue = await connection.fetchval(
                "insert into queue (workspace_id, slug, name, policy)"
                " values ($1, 'customers', 'Customers', $2) returning id",
                self.workspace,
                '{"steps": [{"tiers": [1]}], "wrap_up_seconds": 0, "offer_seconds": {"chat": 120}}',
            )
            menu = [{"key": str(n), "topic": t, "label": {}} for n, t in enumerate(TOPICS)]
            await connection.execute(
                "insert into entry_point (workspace_id, kind, address, name, languages, menu,"
                " customer_queue_id, expert_queue_id)"
                " values ($1, 'widget', $2, 'Bench', $3, $4, $5, $5)",
                self.workspace,
                WIDGET,
                list(LANGUAGES),
                msgspec.json.encode(menu).decode(),
                queue,
            )
            await connection.execute(_ACCOUNTS, self.workspace, size.registered)
            await connection.execute(_AGENTS, self.workspace, size.registered, languages, topics)
            await connection.execute(_SESSIONS, self.workspace, size.signed_in, self._salt)
            await connection.execute(_CUSTOMERS, self.workspace, size.customers)
            await connection.execute("vacuum analyze")
        finally:
            await connection.close()


@contextlib.contextmanager
def company(size: Size) -> Iterator[Company]:
    """Started, filled and serving while entered; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sl-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL's account passes through
        made = Company(size, folder)
        try:
            made.start()
            yield made
        finally:
            made.close()


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
