"""The servers that faults are injected into: real stores, and `secondline serve` as processes.

Every process has a wire of its own to each store and to Twilio's stand-in, and people come in by
one front that takes turns. A fault is on a wire, in a store or on a process.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import asyncpg
from redis.asyncio import Redis

from router.embedded.postgres import DATABASE, Postgres
from router.embedded.valkey import Valkey
from router.standin import Config, Number, Standin, serving
from router.store.migrate import migrate
from router.store.truth import open_pool
from tests.faults.proxy import Proxy
from tests.house import until
from tests.voice.conftest import ACCOUNT

PROCESSES = 2
SECRET_KEY = secrets.token_hex(32)


class Process:
    """One server process. live, truth, twilio: its wires."""

    def __init__(self, rig: Rig, name: str, *, clock_s: int = 0) -> None:
        self.name = name
        self.live = Proxy(rig.valkey_socket)
        self.truth = Proxy(rig.postgres_socket)
        self.twilio = Proxy(rig.standin.base_url.split("/")[2])
        self.port = 0
        self._rig = rig
        self._clock_s = clock_s
        self._log = rig.folder / f"{name}.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def wires(self) -> list[Proxy]:
        return [self.live, self.truth, self.twilio]

    def log(self) -> str:
        return self._log.read_text()

    async def start(self) -> None:
        """Come up and be ready. A second time: on the same port."""
        if not self.live.port:
            for wire in self.wires:
                await wire.start()
            self.port = _free_port()
        self.spawn()
        await self.ready()

    def spawn(self) -> None:
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.process", "serve"],
                cwd=Path(__file__).parents[2],
                env=self._rig.environment(self)
                | {"FAULTS_CLOCK_S": str(self._clock_s), "FAULTS_HEARTBEAT_S": "2"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def ready(self, seconds: float = 20) -> None:
        async def answers() -> bool:
            assert self.running, f"{self.name} fell:\n{self.log()[-3000:]}"
            try:
                async with self._rig.http.get(
                    f"{self.url}/readyz", timeout=aiohttp.ClientTimeout(3)
                ) as answer:
                    return answer.status == 200
            except (aiohttp.ClientError, TimeoutError):
                return False

        await until(answers, f"{self.name} is ready", seconds)

    def send(self, sign: signal.Signals) -> None:
        os.kill(self.pid, sign)

    async def ended(self, seconds: float = 10) -> int:
        assert self._child is not None
        return await asyncio.wait_for(asyncio.to_thread(self._child.wait), seconds)

    async def kill(self) -> None:
        if self.running:
            self.send(signal.SIGKILL)
            await self.ended()

    def complaints(self) -> list[str]:
        """What it has logged as a fault of its own."""
        return [line for line in self.log().splitlines() if '"level": "error"' in line]

    async def close(self) -> None:
        await self.kill()
        for line in self.complaints():
            print(f"{self.name}: {line[:1500]}")
        for wire in self.wires:
            await wire.close()


class Rig:
    """Stores, processes and the front. pool, redis: the test's own ways in, past all wires."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = Postgres(folder / "pg", folder / "pg.log", throwaway=True)
        self.valkey = Valkey(folder / "vk", folder / "vk.log", throwaway=True)
        self.postgres_socket = str(folder / "pg" / ".s.PGSQL.5432")
        self.valkey_socket = str(folder / "vk" / "valkey.sock")
        self.front = Proxy()
        self.standin: Standin
        self._numbers: dict[str, Number] = {}
        self._opened = AsyncExitStack()
        self.processes: list[Process] = []
        self.pool: asyncpg.Pool[asyncpg.Record]
        self.redis: Redis
        self.http: aiohttp.ClientSession

    async def start(self) -> None:
        await asyncio.gather(
            asyncio.to_thread(self.postgres.start), asyncio.to_thread(self.valkey.start)
        )
        await migrate(self.postgres.url)
        self.pool = await open_pool(self.postgres.url, size=6)
        # not the product's client: what judges it must not share its faults
        self.redis = Redis.from_url(self.valkey.url, decode_responses=True, protocol=2)
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        await self.front.start()
        public = f"http://127.0.0.1:{self.front.port}/twilio/voice"
        config = Config.of(
            ACCOUNT,
            numbers=self._numbers,
            voice_url=f"{public}/agent",
            speed=20,
            calls_per_second=1000.0,
        )
        self.standin = await self._opened.enter_async_context(serving(config))
        await asyncio.gather(*(self.add(f"p{n}") for n in range(PROCESSES)))

    def number(self, number: str) -> None:
        """Twilio's stand-in has this number from now on."""
        public = f"http://127.0.0.1:{self.front.port}/twilio/voice"
        self._numbers[number] = Number(f"{public}/incoming", status_callback=f"{public}/status")

    async def add(self, name: str, *, clock_s: int = 0) -> Process:
        """One more process, behind the front. clock_s: so much its clock is ahead."""
        process = Process(self, name, clock_s=clock_s)
        self.processes.append(process)
        await process.start()
        self.front.targets.append(process.address)
        return process

    async def remove(self, process: Process) -> None:
        self.processes.remove(process)
        self.front.targets.remove(process.address)
        await process.close()

    def environment(self, process: Process) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOST": "127.0.0.1",
            "PORT": str(process.port),
            "PUBLIC_URL": f"http://127.0.0.1:{self.front.port}",
            "SECRET_KEY": SECRET_KEY,
            "DATABASE_URL": (
                f"postgresql://postgres@127.0.0.1:{process.truth.port}/{DATABASE}?sslmode=disable"
            ),
            "REDIS_URL": f"redis://127.0.0.1:{process.live.port}/0",
            "CONTACTS_PER_MINUTE": "100000",
            "TWILIO_ACCOUNT_SID": ACCOUNT.account_sid,
            "TWILIO_AUTH_TOKEN": ACCOUNT.auth_token,
            "TWILIO_API_KEY_SID": ACCOUNT.api_key_sid,
            "TWILIO_API_KEY_SECRET": ACCOUNT.api_key_secret,
            "TWILIO_APP_SID": ACCOUNT.app_sid,
            "TWILIO_API_BASE": f"http://127.0.0.1:{process.twilio.port}/standin",
        }

    def heal(self) -> None:
        """Every wire is good again."""
        self.front.heal()
        self.standin.faults.clear()
        for process in self.processes:
            for wire in process.wires:
                wire.heal()

    async def whole(self) -> None:
        """All of it is up; what a test left broken is started again."""
        self.heal()
        for server in (self.postgres, self.valkey):
            if not server.process.running:
                await asyncio.to_thread(server.start)
        for process in self.processes:
            if process.running:
                process.send(signal.SIGCONT)
            else:
                process.spawn()
        for process in self.processes:
            await process.ready()

    async def kill_live(self) -> None:
        """The live store is gone at once, with all that it held."""
        os.kill(int((self.folder / "vk" / "valkey.pid").read_text()), signal.SIGKILL)
        await until(lambda: not self.valkey.process.running, "the live store is gone")

    async def start_live(self) -> None:
        await asyncio.to_thread(self.valkey.start)

    async def stop_truth(self) -> None:
        """PostgreSQL ends every connection and stops, as for a restart."""
        pid = int((self.folder / "pg" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGINT)
        await until(lambda: not self.postgres.process.running, "the truth is gone")

    async def start_truth(self) -> None:
        await asyncio.to_thread(self.postgres.start)

    async def close(self) -> None:
        for process in list(self.processes):
            await process.close()
        await self._opened.aclose()
        await self.front.close()
        await self.http.close()
        await self.redis.aclose()
        # what a broken test left in hand is never given back
        self.pool.terminate()
        self.valkey.process.stop()
        self.postgres.process.stop()


def _free_port() -> int:
    from aiohttp.test_utils import unused_port

    return unused_port()
