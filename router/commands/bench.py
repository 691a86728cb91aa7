"""Measure: run one benchmark of router/bench/, or all, on an embedded store of its own."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
from collections.abc import Mapping

from router import bench
from router.commands.service import say

HELP = "run a benchmark"


def names() -> list[str]:
    """A benchmark is a module of router/bench/ with a function `run() -> dict`."""
    return sorted(
        module.name for module in pkgutil.iter_modules(bench.__path__) if module.name[0] != "_"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", choices=[*names(), "all"], help="which one")
    parser.add_argument("--json", action="store_true", help="one JSON object, for machines")


def run(arguments: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    chosen = names() if arguments.name == "all" else [arguments.name]
    results = {}
    for name in chosen:
        results[name] = importlib.import_module(f"router.bench.{name}").run()
        if not arguments.json:
            say(name)
            say(*(f"  {figure}: {value}" for figure, value in results[name].items()))
    if arguments.json:
        say(json.dumps(results))
    return 0
