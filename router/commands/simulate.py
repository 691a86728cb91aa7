"""Try a policy on made-up contacts and agents: the real routing on a virtual clock."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from router.commands.service import say
from router.errors import Invalid
from router.simulation import report
from router.simulation.company import Company, parse_document
from router.simulation.figures import figures
from router.simulation.load import Load, parse_load
from router.simulation.pictures import pictures
from router.simulation.progress import Progress
from router.simulation.replications import server, simulate
from router.simulation.studies import lanes, patience, pool, ratings, skills
from router.simulation.study import Study, run_case

STUDIES: dict[str, Study] = {
    "pool": pool,
    "skills": skills,
    "patience": patience,
    "lanes": lanes,
    "ratings": ratings,
}

HELP = "try a policy on made-up contacts and agents"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("policy", nargs="?", help="a policy document (YAML): queues and rules")
    parser.add_argument(
        "--load", help="who comes and who serves: a YAML file, or YAML in braces; see docs"
    )
    parser.add_argument("--minutes", type=float, help="length of a run, in place of the load's")
    parser.add_argument("--warm-up", type=float, help="minutes that are not counted")
    parser.add_argument("--replications", type=int, help="independent repeats")
    parser.add_argument("--seed", type=int, help="the same seed, the same run")
    parser.add_argument("--json", action="store_true", help="one JSON object, for machines")
    parser.add_argument("--charts", type=Path, metavar="FOLDER", help="write charts (SVG) there")
    parser.add_argument(
        "--study",
        choices=sorted(STUDIES),
        help="a study of docs/simulation.md, in place of a policy",
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, help="length of a study: 0.1 is a tenth"
    )


def run(arguments: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    try:
        return _run(arguments)
    except Invalid as error:
        where = f"{error.field}: " if error.field else ""
        print(f"{where}{error.message}", file=sys.stderr)
        return 2


def _run(arguments: argparse.Namespace) -> int:
    if arguments.study:
        return _study(arguments)
    if not arguments.policy or not arguments.load:
        raise Invalid("name a policy document and --load, or a --study")
    policies, rules = parse_document(_read(Path(arguments.policy)))
    load = _load(arguments)
    company = Company(policies, rules, load)
    begin = time.monotonic()
    with server() as url, Progress(load.expected) as progress:
        outcomes = simulate(company, url, progress.add)
    took = time.monotonic() - begin
    found = figures(outcomes, load, policies)
    if arguments.charts:
        _write(arguments.charts, pictures(outcomes, found, load))
    if arguments.json:
        say(msgspec.json.encode(found).decode())
        return 0
    say(*report.lines(found))
    scripts = sum(outcome.scripts for outcome in outcomes)
    contacts = sum(row.came for row in found.waits if row.stream is None)
    say(
        f"{contacts:,} counted contacts by {scripts:,} runs of the scripts in {took:,.1f} s"
        f" ({scripts / took:,.0f} a second)."
    )
    return 0


def _study(arguments: argparse.Namespace) -> int:
    study = STUDIES[arguments.study]
    cases = study.cases(arguments.scale)
    with server() as url, Progress(sum(case.load.expected for case in cases)) as progress:
        found = study.tell([run_case(case, url, progress.add) for case in cases])
    if arguments.charts:
        _write(arguments.charts, found.pictures)
    if arguments.json:
        say(msgspec.json.encode(found.rows).decode())
    else:
        say(study.WHAT, "", *found.lines)
    return 0


def _load(arguments: argparse.Namespace) -> Load:
    text = arguments.load
    document = _parse(text, "--load") if text.lstrip().startswith("{") else _read(Path(text))
    if not isinstance(document, dict):
        raise Invalid("a load has streams and agents", field="load")
    for name in ("minutes", "warm_up", "replications", "seed"):
        if getattr(arguments, name) is not None:
            document[name] = getattr(arguments, name)
    return parse_load(document)


def _read(path: Path) -> Any:
    try:
        return _parse(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} cannot be read: {error}") from None


def _parse(text: str, name: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Invalid(f"{name} is not YAML: {error}") from None


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.svg").write_text(text, "utf-8")
        print(f"wrote {folder / name}.svg", file=sys.stderr)
