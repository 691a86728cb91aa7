"""Contacts created and offered a second, against BullMQ's prioritised jobs added and processed.

Both work on the same store with its file, from one client process each, that has many calls on
the way at once. Ours: `enter` makes the offer, `close` takes the contact out again, which frees
the agent. BullMQ: `addBulk` with a priority, and a worker whose handler does nothing; what is
done is removed. Both look for who was served twice and who was not.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from router.bench import peers
from router.bench.pictures import CHUNK, live_store
from router.bench.rows import Broken, Row, Tell, at_least, figure, readable, unmeasured
from router.bench.scenes import Scene

ROUNDS = 7
JOBS = 5_000
IDLE = 1_000
UNIT = "x BullMQ's rate"


def run(name: str, tell: Tell) -> list[Row]:
    """Our rate ÷ its rate; where it cannot be had, a row that says so."""
    try:
        folder, home = peers.bullmq(tell), peers.node(tell)
    except peers.NotInstalled as error:
        return [unmeasured(name, "≥ 1", UNIT, f"BullMQ cannot be had here: {error}")]
    with live_store(durable=True) as url:
        scene = Scene(url, tell)
        scene.idle(IDLE)
        with Peer(home, folder, unquote(urlsplit(url).path)) as peer:
            ours, theirs = [], []
            for n in range(ROUNDS + 1):
                tell(f"round {n} of {ROUNDS}")
                pair = (_ours(scene), peer.round(JOBS))
                if n:  # the first warms both up
                    ours.append(pair[0])
                    theirs.append(pair[1])
    ratio = figure([a / b for a, b in zip(ours, theirs, strict=True)])
    a, b = readable(figure(ours).value), readable(figure(theirs).value)
    return [at_least(name, ratio, 1, UNIT, f"{a} contacts against {b} jobs a second")]


def _ours(scene: Scene) -> float:
    """Contacts a second."""
    begun = time.perf_counter()
    scene.pass_through(JOBS)
    return JOBS / (time.perf_counter() - begun)


class Peer:
    """BullMQ in a Node process, which adds and processes a round of jobs when it is told to."""

    def __init__(self, home: Path, folder: Path, socket: str) -> None:
        self._command = [
            str(home / "bin" / "node"),
            str(Path(__file__).with_suffix(".mjs")),
            *(str(folder), socket, str(CHUNK)),
        ]

    def __enter__(self) -> Peer:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._hear()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def round(self, jobs: int) -> float:
        """Jobs a second. Raises Broken when one was processed twice or not at all."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{jobs}\n")
        self._process.stdin.flush()
        said = self._hear()
        if said["twice"] or said["lost"]:
            raise Broken(f"BullMQ processed {said['twice']} twice and lost {said['lost']}")
        return float(jobs / said["seconds"])

    def _hear(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Broken(f"BullMQ's process ended with {self._process.wait(10)}")
        return json.loads(line)
