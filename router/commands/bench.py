"""Measure: run one benchmark, or all, each on embedded stores of its own.

Prints a table; --json prints one JSON object a row, with name, value, unit, goal and holds. A
name with several figures has a row for each. How far it is stands on stderr.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Mapping
from types import TracebackType

import structlog

from router.bench import BENCHES, profile
from router.bench.rows import HEADINGS, Row, cells, line, unmeasured
from router.commands.service import say

HELP = "measure how fast this machine is at what is promised"
SECONDS_BETWEEN = 5.0

log = structlog.get_logger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "name",
        choices=[*BENCHES, "all", "profile"],
        metavar="NAME",
        help=f"all, profile (where a script's time goes), {', '.join(BENCHES)}",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a row, for machines")


def run(arguments: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    if arguments.name == "profile":
        with Progress(["profile"]) as progress:
            progress.begin("profile")
            table = profile.run(progress.tell)
        say(*(line(cells, profile.WIDTHS) for cells in (profile.HEADINGS, *table)))
        return 0
    chosen = list(BENCHES) if arguments.name == "all" else [arguments.name]
    failed = False
    if not arguments.json:
        say(line(HEADINGS))
    with Progress(chosen) as progress:
        for name in chosen:
            progress.begin(name)
            try:
                rows = importlib.import_module(f"router.bench.{BENCHES[name]}").run(
                    name, progress.tell
                )
            except Exception as error:
                # the others are measured all the same; the table says what became of this one
                log.exception("bench.failed", name=name)
                rows = [unmeasured(name, "-", "-", f"failed: {type(error).__name__}: {error}")]
                failed = True
            progress.clear()
            show(rows, as_json=arguments.json)
    return 1 if failed else 0


def show(rows: list[Row], *, as_json: bool) -> None:
    for row in rows:
        say(json.dumps(row.plain(), ensure_ascii=False) if as_json else line(cells(row)))


class Progress:
    """One line on stderr that says how far the run is.

    A terminal has its line rewritten; a file gets a line at most every few seconds.
    """

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._done = -1
        self._started = time.monotonic()
        self._told = 0.0
        self._live = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()
        self._write(f"{self._elapsed()} in all\n")

    def begin(self, name: str) -> None:
        """The next benchmark begins."""
        self._name, self._told = name, 0.0
        self._done += 1
        self.tell("starting")

    def tell(self, words: str) -> None:
        """Say where the present benchmark is."""
        now = time.monotonic()
        if now - self._told < (0.2 if self._live else SECONDS_BETWEEN):
            return
        self._told = now
        place = f"[{self._done + 1}/{len(self._names)}] {self._elapsed()} {self._name}: {words}"
        self._write(f"\r\x1b[K{place}" if self._live else f"{place}\n")

    def clear(self) -> None:
        """Take the line away, before something is printed."""
        if self._live:
            self._write("\r\x1b[K")

    def _elapsed(self) -> str:
        seconds = int(time.monotonic() - self._started)
        return f"{seconds // 60}:{seconds % 60:02}"

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
