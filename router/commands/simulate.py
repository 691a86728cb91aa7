"""Try a policy on made-up contacts and agents: the real routing on a virtual clock."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from router.commands.service import say
from router.errors import Invalid
from router.policy import text
from router.policy.checks import check_text
from router.policy.text import Problem
from router.simulation import comparison, report
from router.simulation.company import Company
from router.simulation.figures import Figures, figures
from router.simulation.load import Load, parse_load
from router.simulation.people import Outcome
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

ANYWHERE = "ZZ"
"""No country: entry points play no part, and their numbers are in full."""

HELP = "try a policy on made-up contacts and agents"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "policy",
        nargs="*",
        help="a policy document (YAML); with several, the others are compared with the first",
    )
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
    if arguments.study:
        return _study(arguments)
    if not arguments.policy or not arguments.load:
        raise Invalid("Name a policy document and --load, or a --study.")
    documents = {}
    for name in arguments.policy:
        document, problems = check_text(_read(name), ANYWHERE)
        if document is None:
            return _refuse(name, problems)
        documents[name] = document
    name, source = arguments.load, arguments.load
    if source.lstrip().startswith("{"):
        name = "--load"
    else:
        source = _read(name)
    load, problems = _load(source, arguments)
    if load is None:
        return _refuse(name, problems)
    try:
        companies = [Company(each.queues, each.rules, load) for each in documents.values()]
    except Invalid as error:
        return _refuse(name, [Problem(error.field or "", error.message)])
    with server() as url, Progress(load.expected * len(companies)) as progress:
        runs = [_play(company, url, progress) for company in companies]
    for source, run in zip(documents, runs, strict=True):
        if arguments.charts:
            folder = arguments.charts / Path(source).stem if len(runs) > 1 else arguments.charts
            _write(folder, pictures(run.outcomes, run.figures, load))
        if not arguments.json:
            say(*([source, ""] if len(runs) > 1 else []), *report.lines(run.figures), run.speed, "")
    first, *others = runs
    compared = {
        source: comparison.differences(
            first.outcomes, run.outcomes, load, (first.company.policies, run.company.policies)
        )
        for source, run in zip(list(documents)[1:], others, strict=True)
    }
    if arguments.json:
        found = {source: run.figures for source, run in zip(documents, runs, strict=True)}
        several = {"runs": found, "differences": compared}
        say(msgspec.json.encode(several if others else first.figures).decode())
    else:
        for source, found_differences in compared.items():
            say(f"{source}, against {arguments.policy[0]}", "")
            say(*comparison.lines(found_differences), "")
    return 0


@dataclass(frozen=True)
class _Run:
    """One policy's replications. speed: a line that tells it."""

    company: Company
    outcomes: list[Outcome]
    figures: Figures
    speed: str


def _play(company: Company, url: str, progress: Progress) -> _Run:
    begin = time.monotonic()
    outcomes = simulate(company, url, progress.add)
    took = time.monotonic() - begin
    found = figures(outcomes, company.load, company.policies)
    scripts = sum(outcome.scripts for outcome in outcomes)
    contacts = sum(row.came for row in found.waits if row.stream is None)
    return _Run(
        company,
        outcomes,
        found,
        f"{contacts:,} counted contacts by {scripts:,} runs of the scripts in {took:,.1f} s"
        f" ({scripts / took:,.0f} a second).",
    )


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


def _load(source: str, arguments: argparse.Namespace) -> tuple[Load | None, list[Problem]]:
    """The load of a YAML text with the options' values, or what is wrong with it."""
    try:
        reading = text.read(source)
    except text.Unreadable as error:
        return None, [error.problem]
    document = reading.value
    if isinstance(document, dict):
        for name in ("minutes", "warm_up", "replications", "seed"):
            if getattr(arguments, name) is not None:
                document[name] = getattr(arguments, name)
    try:
        return parse_load(document), []
    except Invalid as error:
        return None, [reading.placed(Problem(error.field or "", error.message))]


def _read(name: str) -> str:
    try:
        return Path(name).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{name} cannot be read: {error}") from None


def _refuse(name: str, problems: list[Problem]) -> int:
    """Say what is wrong as compilers do, so that editors jump to the place."""
    for problem in problems:
        place = "" if problem.line is None else f":{problem.line}:{problem.column}"
        print(f"{name}{place}: {problem}", file=sys.stderr)
    return 2


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in files.items():
        (folder / f"{name}.svg").write_text(picture, "utf-8")
        print(f"wrote {folder / name}.svg", file=sys.stderr)
