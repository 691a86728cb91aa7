"""A live picture without a truth: filled fast, driven by the real scripts, timed by the store.

The scripts take what the truth's rows say, by the builders that the service uses; the rows are
plain mappings here. Times are the store's own command statistics, so that neither Python nor
the network is in them.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from redis import Redis

from router.embedded.valkey import Valkey
from router.queues.engine import ACCEPT_LEASE_MS, encode_arguments
from router.queues.keys import epoch_key, key, root
from router.queues.scripts import FUNCTIONS, LIBRARY

Answer = dict[str, Any]

CHUNK = 250
"""Calls on the way at once, as from many callers of a busy service."""

FILLERS = 2
"""Pipelines that fill at the same time: one is packed while the store works on another."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


@contextlib.contextmanager
def live_store(*, durable: bool = False) -> Iterator[str]:
    """An empty Valkey of its own, by its URL; durable: with its file, as in production."""
    with tempfile.TemporaryDirectory(prefix="sl-bench-", ignore_cleanup_errors=True) as folder:
        server = Valkey(Path(folder) / "vk", Path(folder) / "vk.log", throwaway=not durable)
        server.start()
        try:
            yield server.url
        finally:
            server.process.stop()


@dataclass(frozen=True)
class Timing:
    """Server time of one script's calls, in microseconds.

    commands: by name, how often one call asked the store for it, and the microseconds of each.
    """

    calls: int
    mean: float
    p99: float
    commands: Mapping[str, tuple[float, float]]

    @property
    def asked(self) -> float:
        """How many store calls one script made."""
        return sum(times for times, _ in self.commands.values())

    @property
    def inside(self) -> float:
        """Microseconds of one script that were spent in store calls; the rest is Lua's."""
        return sum(times * each for times, each in self.commands.values())


class Picture:
    """One workspace in a live store, in its first epoch."""

    def __init__(self, url: str) -> None:
        self.workspace = uuid4()
        self._redis: Any = Redis.from_url(url, socket_timeout=600)
        self._redis.set(epoch_key(self.workspace), "1")
        self._redis.function_load(LIBRARY, replace=True)

    def close(self) -> None:
        self._redis.close()

    def server(self) -> int:
        """The store's process."""
        return int(self._redis.info("server")["process_id"])

    def call(self, verb: str, arguments: Iterable[Answer]) -> list[Answer]:
        """Run one script for each, in order, many on the way at once."""
        return self._run(verb, arguments)

    def fill(self, verb: str, arguments: Iterable[Answer]) -> Iterator[int]:
        """Run one script for each, in no particular order; yields how many more are done."""
        with ThreadPoolExecutor(FILLERS) as pool:
            under_way: list[Future[list[bytes]]] = []
            for chunk in _chunks(arguments, 1000):
                under_way.append(pool.submit(self._send, verb, chunk))
                if len(under_way) == FILLERS:
                    yield len(under_way.pop(0).result())
            for each in under_way:
                yield len(each.result())

    def timed(self, verb: str, arguments: Iterable[Answer]) -> tuple[list[Answer], Timing]:
        """Run one script for each, and what the store says of them alone."""
        self._redis.config_resetstat()
        answers = self._run(verb, arguments)
        return answers, self.timing("fcall")

    def timing(self, command: str) -> Timing:
        """The store's statistics of one command since their last reset."""
        stats = self._redis.info("commandstats")
        latency = self._redis.info("latencystats")
        own = stats[f"cmdstat_{command}"]
        calls = int(own["calls"])
        # the reset and the questions themselves are no part of the script
        others = {
            name.removeprefix("cmdstat_"): (int(each["calls"]) / calls, each["usec_per_call"])
            for name, each in stats.items()
            if name not in (f"cmdstat_{command}", "cmdstat_config|resetstat", "cmdstat_info")
        }
        p99 = latency[f"latency_percentiles_usec_{command}"]["p99"]
        return Timing(calls, float(own["usec_per_call"]), float(p99), others)

    def bare(self, text: str, times: int) -> Timing:
        """A script that is not ours, with this workspace's root as its key."""
        digest = self._redis.script_load(text)
        self._redis.config_resetstat()
        for chunk in _chunks(range(times)):
            pipe = self._redis.pipeline(transaction=False)
            for n in chunk:
                pipe.execute_command("EVALSHA", digest, 1, root(self.workspace), f"{n}")
            pipe.execute()
        return self.timing("evalsha")

    def fields(self, name: str, ids: Iterable[str], *names: str) -> list[list[str]]:
        """These fields of hashes of the picture: `fields("contact", contacts, "agent")`."""
        pipe = self._redis.pipeline(transaction=False)
        for each in ids:
            pipe.hmget(key(self.workspace, 1, name, each), *names)
        return [[(raw or b"").decode() for raw in values] for values in pipe.execute()]

    def _run(self, verb: str, arguments: Iterable[Answer]) -> list[Answer]:
        answers: list[Answer] = []
        for chunk in _chunks(arguments):
            answers += map(_decode, self._send(verb, chunk))
        return answers

    def _send(self, verb: str, chunk: Sequence[Answer]) -> list[bytes]:
        pipe = self._redis.pipeline(transaction=False)
        where = root(self.workspace)
        for arguments in chunk:
            pipe.execute_command(
                "FCALL", FUNCTIONS[verb], 1, where, "1", encode_arguments(arguments)
            )
        answers: list[bytes] = pipe.execute()
        return answers


def _chunks(items: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    chunk = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def accept_arguments(agent: str, offer: str) -> Answer:
    """What `accept` takes."""
    return {"offer": offer, "agent": agent, "lease_ms": ACCEPT_LEASE_MS}


def close_arguments(contact: str, generation: int, queue: str) -> Answer:
    """What `close` takes of a contact that is completed."""
    return {"contact": contact, "gen": generation, "queue": queue, "outcome": "completed"}


def release_arguments(contact: str, agent: str, offer: str) -> Answer:
    """What `release` takes."""
    return {"agent": agent, "offer": offer, "contact": contact}
