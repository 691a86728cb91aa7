"""Server time of a match, as a ratio to a bare script of nine commands on the same store.

A match here is `enter`: a contact is put in line, an idle agent is found among many and the
offer is made, with all bookkeeping and its events. Times are the store's own command
statistics, so neither the network nor Python is in them. Rounds of both scripts alternate, and
the median round is told.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from redis.asyncio import Redis

from router.bench.rows import Row, Tell, at_least, at_most, figure
from router.embedded.valkey import Valkey
from router.queues.engine import Engine
from router.queues.keys import epoch_key
from router.queues.kinds import Profile, classify
from router.queues.steps import Requirement
from router.store.live import open_live

AGENTS = 500
CONTACTS = 400
ROUNDS = 9
KINDS = 25

# What any router would have to do at the least: read the contact and the head of the idle set,
# take the agent out, write offer, contact and agent, set a deadline, count, and tell.
_NINE = """
redis.call('HGETALL', KEYS[1] .. 'c')
redis.call('ZRANGE', KEYS[1] .. 'i', 0, 0)
redis.call('ZREM', KEYS[1] .. 'i', ARGV[1])
redis.call('ZADD', KEYS[1] .. 'i', 1, ARGV[1])
redis.call('HSET', KEYS[1] .. 'o', 'st', 'offered', 'agent', ARGV[1])
redis.call('HSET', KEYS[1] .. 'c', 'st', 'offered')
redis.call('ZADD', KEYS[1] .. 'due', 1, ARGV[1])
redis.call('HINCRBY', KEYS[1] .. 'a', 'n', 1)
redis.call('XADD', KEYS[1] .. 'events', 'MAXLEN', '~', 1000, '*', 'e', ARGV[1])
return 1
"""


def run(name: str, tell: Tell) -> list[Row]:
    """Mean and p99 of a match's server time, and the ratio bare ÷ match."""
    tell("matching")
    with tempfile.TemporaryDirectory(prefix="sl-") as folder:
        server = Valkey(Path(folder) / "vk", Path(folder) / "vk.log", throwaway=True)
        server.start()
        try:
            return asyncio.run(_measure(name, server.url))
        finally:
            server.process.stop()


async def _measure(name: str, url: str) -> list[Row]:
    redis = open_live(url)
    # only scripts are run, and in a given epoch: no truth is asked
    engine = Engine(redis, None)  # type: ignore[arg-type]  # see above
    workspace = uuid4()
    await redis.set(epoch_key(workspace), "1")
    agents = [uuid4() for _ in range(AGENTS)]
    for place, agent in enumerate(agents):
        await engine.evaluate(workspace, 1, "present", _presence(agent, place))
    bare: list[float] = []
    full: list[float] = []
    p99: list[float] = []
    await _contacts(engine, workspace, offered=True)
    for _ in range(ROUNDS):
        await redis.config_resetstat()
        for _ in range(CONTACTS):
            await redis.eval(_NINE, 1, "{bare}", "x")
        bare.append((await _server_time(redis, "eval"))[0])
        await redis.config_resetstat()
        contacts = await _contacts(engine, workspace, offered=False)
        mean, high = await _server_time(redis, "evalsha")
        full.append(mean)
        p99.append(high)
        await _leave(engine, workspace, contacts)
    await redis.aclose()
    ratios = [b / f for b, f in zip(bare, full, strict=True)]
    return [
        at_most(name, figure(full), 60, "µs of server time, mean"),
        at_most(name, figure(p99), 250, "µs of server time, p99"),
        at_least(name, figure(ratios), 0.2, "of nine bare commands"),
    ]


async def _server_time(redis: Redis, command: str) -> tuple[float, float]:
    """Mean and p99 of one command's server time in microseconds since the last reset."""
    stats: Any = await redis.info("commandstats")
    latency: Any = await redis.info("latencystats")
    high = latency[f"latency_percentiles_usec_{command}"]["p99"]
    return float(stats[f"cmdstat_{command}"]["usec_per_call"]), float(high)


def _presence(agent: UUID, place: int) -> dict[str, Any]:
    kinds = [
        (number, Requirement("chat", (1,), "en", (f"skill{number}",) if number > 1 else ()))
        for number in range(1, KINDS + 1)
    ]
    profile = Profile(
        tier=1,
        languages=frozenset(["en"]),
        skills=frozenset(f"skill{number}" for number in range(KINDS + 1)),
        capacity={"voice": 1, "chat": 1, "video": 1},
        band=place % 5,
    )
    found = classify(profile, kinds)
    return {
        "agent": agent,
        "version": 1,
        "state": "available",
        "since_ms": place,
        "tier": 1,
        "class": found.name,
        "band": found.band,
        "kinds": found.kinds,
        "capacity": dict(profile.capacity),
    }


async def _contacts(engine: Engine, workspace: UUID, *, offered: bool) -> list[UUID]:
    contacts = [uuid4() for _ in range(CONTACTS)]
    for place, contact in enumerate(contacts):
        answer = await engine.evaluate(
            workspace,
            1,
            "enter",
            {
                "contact": contact,
                "gen": 1,
                "queue": UUID(int=1),
                "channel": "chat",
                "role": "customer",
                "arrival_ms": place,
                "score_ms": place,
                "line_ms": place,
                "steps": [{"kind": 1 + place % KINDS, "strategy": "best_rated", "from_ms": 0}],
                "offer_ms": 60_000,
                "prefer": None,
                "excluded": {},
            },
        )
        assert answer["state"] == "offered", "every contact of the benchmark finds an agent"
    if offered:
        await _leave(engine, workspace, contacts)
    return contacts


async def _leave(engine: Engine, workspace: UUID, contacts: list[UUID]) -> None:
    for contact in contacts:
        await engine.evaluate(
            workspace,
            1,
            "close",
            {"contact": contact, "gen": 2, "queue": UUID(int=1), "outcome": "abandoned"},
        )
