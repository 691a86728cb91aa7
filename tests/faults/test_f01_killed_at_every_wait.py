"""f01: a process killed at every wait between a commit and the live store, and the way back."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.faults.center import Center
from tests.faults.checker import Fault, faults_of
from tests.faults.reading import read
from tests.house import until

VERBS = ("arrive", "present", "accept", "decline", "withdraw", "end", "wrap_up", "release")
IN_LINE_S = 5.0
ACCEPT_LEASE_S = 11


async def test_f01_what_was_committed_is_followed_wherever_its_process_died(center: Center) -> None:
    rig, history = center.rig, center.history
    await center.policy("customers", {"wrap_up_seconds": 60})
    begun = time.monotonic()
    # two at a time: the machine has two cores
    halves = [VERBS[0::2], VERBS[1::2]]

    def sweep(verbs: tuple[str, ...]) -> list[dict[str, Any]]:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.faults.doomed", rig.postgres.url, rig.valkey.url),
                *(str(center.id), *verbs),
            ],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    told = [
        line
        for half in await asyncio.gather(*(asyncio.to_thread(sweep, verbs) for verbs in halves))
        for line in half
    ]
    died_at = time.monotonic()
    waits = {line["verb"]: line["waits"] for line in told if "waits" in line}
    print(f"waits swept in {died_at - begun:.1f} s: {waits}")
    assert set(waits) == set(VERBS)
    assert min(waits.values()) >= 2, waits
    deaths = [line for line in told if "key" in line]
    for line in deaths:
        history.invoked("arrive", key=line["key"]).unknown("died")
        if "agent" in line:
            history.capacity |= {(line["agent"], "chat"): 1, (line["agent"], "voice"): 0}

    async def faults() -> list[Fault]:
        await read(history, rig.pool, rig.redis, center.id)
        return [
            fault
            for fault in faults_of(history)
            # scenes before the deaths arrive under keys of their own
            if not (fault.rule == "asked" and "came from nowhere" in fault.says)
        ]

    async def in_line() -> bool:
        return not [fault for fault in await faults() if "waits, and is not in line" in fault.says]

    await until(in_line, "what was committed is in line", IN_LINE_S)
    assert time.monotonic() - died_at < IN_LINE_S + 1
    # an accept that nobody finishes is asked about when its lease is over
    await center.pass_time(ACCEPT_LEASE_S)
    await center.quiet()

    async def right() -> bool:
        return not await faults()

    try:
        await until(right, "all is right", 5)
    except AssertionError:
        names = {line.get("agent", ""): line["name"] for line in deaths}
        raise AssertionError(f"{await faults()} {names}") from None
