"""The load processes of a benchmark, led from outside."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import psutil

from router.bench.floor import crew
from router.bench.floor.company import LANGUAGES, TOPICS, WIDGET, Company
from router.bench.floor.crew import Figures
from router.bench.floor.wire import Address
from router.identity.visitors import make_token

TOKENS = 2000
"""Host site's tokens made before the clock runs: signing them is the host site's work."""


class Crews:
    """All load processes together; made by `crews`."""

    def __init__(self, processes: list[asyncio.subprocess.Process]) -> None:
        self._processes = processes

    async def all(self, do: str, **what: Any) -> list[bytes]:
        """Every process does it; their answers, when the last one is done."""
        return await asyncio.gather(
            *(self._one(each, {"do": do, **what}) for each in self._processes)
        )

    async def figures(self) -> Figures:
        """What happened since the last reading, of all processes together."""
        whole = Figures()
        for raw in await self.all("figures"):
            part = msgspec.json.decode(raw, type=Figures)
            for name in ("intended", "offered", "ended"):
                getattr(whole, name).update(getattr(part, name))
            whole.rated += part.rated
            whole.holding_s += part.holding_s
            whole.gap_s += part.gap_s
            whole.gaps += part.gaps
            for what, times in part.trouble.items():
                whole.trouble[what] = whole.trouble.get(what, 0) + times
        return whole

    async def arrive(self, count: int, rate: float, begin: float) -> None:
        """So many people in all, at so many a second in all, from that moment on."""
        n = len(self._processes)
        await self.all("arrive", count=count // n, rate=rate / n, begin=begin)

    async def line_up(self, count: int) -> None:
        """So many people in all, as fast as it goes."""
        await self.all("line_up", count=count // len(self._processes))

    def processor_time(self) -> float:
        """Seconds used so far."""
        used = 0.0
        for process in self._processes:
            times = psutil.Process(process.pid).cpu_times()
            used += times.user + times.system
        return used

    async def _one(self, process: asyncio.subprocess.Process, command: dict[str, Any]) -> bytes:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(command) + b"\n")
        await process.stdin.drain()
        answer = await process.stdout.readline()
        if not answer:
            raise RuntimeError("a load process has ended early; its error stands above")
        return answer


@contextlib.asynccontextmanager
async def crews(
    company: Company,
    *,
    agents: int,
    processes: int = 1,
    holding_s: tuple[float, float],
    rate: bool = False,
    known: bool = False,
    servers: list[Address] | None = None,
) -> AsyncIterator[Crews]:
    """Load processes with the first so many agents shared out, no socket open yet.

    holding_s: from the accept to the end, at random between the two. rate: both sides rate.
    known: people bring a host site's token; else nobody knows them. servers: other ones than the
    company's.
    """
    with tempfile.TemporaryDirectory(prefix="sl-") as folder:
        running: list[asyncio.subprocess.Process] = []
        peers = [str(Path(folder) / str(place)) for place in range(processes)]
        tokens = _tokens(company, TOKENS) if known else []
        asked = servers or company.servers
        try:
            for place in range(processes):
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "router.bench.floor.crew"),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=256 * 1024 * 1024,
                )
                running.append(process)
                mine = range(place, agents, processes)
                told = crew.Company(
                    servers=asked,
                    agents=[
                        (company.token(agent), number % len(asked))
                        for number, agent in enumerate(mine)
                    ],
                    widget=WIDGET,
                    peers=peers,
                    place=place,
                    languages=list(LANGUAGES if company.size.mixed else LANGUAGES[:1]),
                    topics=list(TOPICS if company.size.mixed else TOPICS[:1]),
                    tokens=tokens[place::processes],
                    holding_s=holding_s,
                    rate=rate,
                    seed=place,
                )
                assert process.stdin is not None
                process.stdin.write(msgspec.json.encode(told) + b"\n")
            yield Crews(running)
        finally:
            for process in running:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


def now() -> float:
    """The clock that all processes of this machine share, as event loops read it."""
    return time.monotonic()


def _tokens(company: Company, count: int) -> list[str]:
    return [
        make_token(
            company.token_secret,
            f"customer-{1 + number % company.size.customers}",
            life=timedelta(hours=8),
        )
        for number in range(count)
    ]
