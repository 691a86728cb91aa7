"""From a contact's creation over HTTP to the offer's frame at an agent's socket.

People arrive in an open loop, and their time counts from the moment when they meant to arrive.
The same load on a bare aiohttp server, turn by turn in the same run, says what the path itself
costs on this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from router.bench.floor.company import Company, Size, company, free_port
from router.bench.floor.crews import Crews, crews, now
from router.bench.floor.wire import Address
from router.bench.rows import Broken, Row, Tell, at_most, figure

IDLE = 1_000
RATE = 200.0
SECONDS = 8.0
REPEATS = 3
HOLDING_S = (0.4, 0.6)
SETTLE_S = 1.5
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Waits:
    """p50 and p99 of one turn, in milliseconds."""

    p50: float
    p99: float


def run(name: str, tell: Tell) -> list[Row]:
    # those who are in conversation at any time come on top of those who are idle
    agents = IDLE + int(RATE * HOLDING_S[1])
    with company(Size(registered=agents, signed_in=agents)) as made, echo() as bare:
        ours, theirs = asyncio.run(measure(made, bare, tell, agents=agents))
    ratios = [o.p50 / t.p50 for o, t in zip(ours, theirs, strict=True)]
    echoed = f"echo p50 {figure([t.p50 for t in theirs]).value:.2f} ms"
    return [
        at_most(name, figure([o.p50 for o in ours]), 5, "ms, p50", f"{IDLE:,} idle, {RATE:g}/s"),
        at_most(name, figure([o.p99 for o in ours]), 20, "ms, p99"),
        at_most(name, figure(ratios), 3.5, "x a bare echo, p50", echoed),
    ]


async def measure(
    made: Company,
    bare: Address,
    tell: Tell,
    *,
    agents: int,
    rate: float = RATE,
    seconds: float = SECONDS,
    repeats: int = REPEATS,
) -> tuple[list[Waits], list[Waits]]:
    """Turns of ours and of the echo's. Raises Broken for an arrival without an offer."""
    async with (
        crews(made, agents=agents, holding_s=HOLDING_S) as load,
        crews(made, agents=agents, holding_s=HOLDING_S, servers=[bare]) as echoed,
    ):
        for each in (load, echoed):
            await each.all("open")
        await load.all("present", spread_s=agents / 1000)
        await asyncio.sleep(SETTLE_S)
        ours, theirs = [], []
        for turn in range(repeats):
            tell(f"turn {turn + 1} of {repeats}")
            theirs.append(await _turn(echoed, rate, seconds))
            ours.append(await _turn(load, rate, seconds))
    return ours, theirs


async def _turn(load: Crews, rate: float, seconds: float) -> Waits:
    await load.arrive(int(rate * seconds), rate, now() + 0.2)
    await load.all("settle")
    intended: dict[str, float] = {}
    offered: dict[str, float] = {}
    deadline = now() + PATIENCE_S
    while not intended or intended.keys() - offered.keys():
        await asyncio.sleep(SETTLE_S)
        figures = await load.figures()
        intended |= figures.intended
        offered |= figures.offered
        if now() > deadline:
            lacking = len(intended.keys() - offered.keys())
            raise Broken(f"{lacking} contacts were not offered: {figures.trouble}")
    waits = sorted((offered[contact] - at) * 1000 for contact, at in intended.items())
    return Waits(waits[len(waits) // 2], waits[int(len(waits) * 0.99)])


@contextlib.contextmanager
def echo() -> Iterator[Address]:
    """The bare server's address while it runs."""
    address = ("127.0.0.1", free_port())
    command = [sys.executable, "-m", "router.bench.floor.echo", str(address[1])]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(address):
                break
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(5)
