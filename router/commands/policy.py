"""The policy of a workspace as one YAML document: read it, check it, compare it, make it hold.

export writes what is active. check says what is wrong with a file, diff also what it would
change, activate makes it the policy at once, while contacts wait. history lists the versions,
rollback brings back what one of them was. FILE may be - for the input.

Ends with 0 when it is done (diff: nothing differs), 1 when it could not be done, 2 when it was
not asked for properly, 3 where diff found differences.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from router.commands.service import say
from router.embedded.stores import Stores
from router.errors import Invalid, NotFound
from router.policy.difference import Change, difference
from router.policy.text import Problem
from router.policy.versions import Activated, Refused, Version, Versions
from router.settings import data_folder, database_url
from router.store.migrate import missing
from router.store.truth import open_pool

HELP = "the policy as one document: export, check, diff, activate, history, rollback"

DIFFERS = 3
BY_COMMAND = "By the command line"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--workspace", metavar="NAME", help="its short name, where there are several"
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, what: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=what, description=what, parents=[common])

    export = verb("export", "write the active policy, or another version of it")
    export.add_argument("--version", type=_number, metavar="N", help="not the active one")
    for name, what in (
        ("check", "say what is wrong with a file"),
        ("diff", "say what a file would change"),
        ("activate", "make a file the policy, at once"),
    ):
        made = verb(name, what)
        made.add_argument("file", metavar="FILE", help="YAML; - is the input")
        if name == "diff":
            made.add_argument("--version", type=_number, metavar="N", help="against this one")
        if name == "activate":
            _changing(made)
    history = verb("history", "list the versions, the newest first")
    history.add_argument("--limit", type=_number, default=20, metavar="N", help="so many (20)")
    rollback = verb("rollback", "bring back what a version was")
    rollback.add_argument("number", type=_number, metavar="N", help="the version")
    _changing(rollback)


def _changing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--note", default="", help="why, for the history")
    parser.add_argument(
        "--seen", type=_number, metavar="N", help="only if this version is still the active one"
    )


def _number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    source = _read(arguments.file) if "file" in arguments else ""
    url = database_url(environ)
    if url is not None:
        return asyncio.run(_run(url, arguments, source))
    with Stores(data_folder(environ), attach=True) as stores:
        return asyncio.run(_run(stores.database_url, arguments, source))


def _read(name: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise Invalid(f"{name} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise Invalid(f"{name} is not text in UTF-8") from None


@dataclass(frozen=True)
class _Asked:
    """One call. source: the file's text."""

    versions: Versions
    workspace: UUID
    arguments: argparse.Namespace
    source: str


async def _run(url: str, arguments: argparse.Namespace, source: str) -> int:
    async with await open_pool(url, size=2) as pool:
        async with pool.acquire() as connection:
            if lacking := await missing(connection):
                raise Invalid(f"{len(lacking)} migrations are missing: secondline migrate")
        workspace = await _workspace(pool, arguments.workspace)
        asked = _Asked(Versions(pool), workspace, arguments, source)
        try:
            return await _VERBS[arguments.verb](asked)
        except Refused as error:
            _tell_problems(arguments, error.problems)
            return 1


async def _workspace(pool: asyncpg.Pool[asyncpg.Record], slug: str | None) -> UUID:
    rows = await pool.fetch("select id, slug from workspace order by slug")
    found = [row["id"] for row in rows if slug in (None, row["slug"])]
    if len(found) == 1:
        one: UUID = found[0]
        return one
    names = ", ".join(row["slug"] for row in rows)
    if not rows:
        raise NotFound("There is no workspace yet: secondline admin")
    if slug is None:
        raise Invalid(f"--workspace is missing; there are {names}")
    raise NotFound(f"There is no workspace “{slug}”; there are {names}")


def _tell_problems(arguments: argparse.Namespace, problems: list[Problem]) -> None:
    """As compilers do, so that editors jump to the place: FILE:LINE:COLUMN: field: message."""
    name = getattr(arguments, "file", "policy")
    for problem in problems:
        place = "" if problem.line is None else f":{problem.line}:{problem.column}"
        print(f"{name}{place}: {problem}", file=sys.stderr)


def _tell_changes(changes: list[Change]) -> None:
    say(*(f"  {change.text}" for change in changes))


async def _export(asked: _Asked) -> int:
    number = asked.arguments.version
    versions = asked.versions
    found = (
        await versions.active(asked.workspace)
        if number is None
        else await versions.version(asked.workspace, number)
    )
    sys.stdout.write(found.text)
    return 0


async def _check(asked: _Asked) -> int:
    document, problems = await asked.versions.check(asked.workspace, asked.source)
    if document is None:
        _tell_problems(asked.arguments, problems)
        return 1
    _tell_problems(
        asked.arguments, await asked.versions.hints(asked.workspace, asked.source, document)
    )
    queues, points = len(document.queues), len(document.entry_points)
    say(f"Good: {_many(queues, 'queue')}, {_many(points, 'entry point')}.")
    return 0


async def _diff(asked: _Asked) -> int:
    document, problems = await asked.versions.check(asked.workspace, asked.source)
    if document is None:
        _tell_problems(asked.arguments, problems)
        return 1
    number = asked.arguments.version
    if number is None:
        other = await asked.versions.active(asked.workspace)
    else:
        other = await asked.versions.version(asked.workspace, number)
    changes = difference(other.document, document)
    if not changes:
        say(f"Nothing differs from version {other.number}.")
        return 0
    say(f"Against version {other.number}: {_many(len(changes), 'change')}.")
    _tell_changes(changes)
    return DIFFERS


async def _activate(asked: _Asked) -> int:
    arguments = asked.arguments
    before = await asked.versions.active(asked.workspace)
    done = await asked.versions.activate(
        asked.workspace,
        asked.source,
        seen=arguments.seen or before.number,
        note=arguments.note or BY_COMMAND,
        account=None,
    )
    _tell_done(before, done)
    return 0


async def _roll_back(asked: _Asked) -> int:
    arguments = asked.arguments
    before = await asked.versions.active(asked.workspace)
    done = await asked.versions.roll_back(
        asked.workspace,
        arguments.number,
        seen=arguments.seen or before.number,
        note=arguments.note,
        account=None,
    )
    _tell_done(before, done)
    return 0


def _tell_done(before: Version, done: Activated) -> None:
    version = done.version
    if version.number == before.number:
        say(f"Nothing differs: version {version.number} stays active.")
        return
    changes = difference(before.document, version.document)
    say(f"Version {version.number} is active: {_many(len(changes), 'change')}.")
    _tell_changes(changes)


async def _history(asked: _Asked) -> int:
    active = await asked.versions.active(asked.workspace)
    found = await asked.versions.history(asked.workspace, limit=asked.arguments.limit)
    if active.at is None:
        found = [active, *found]
    rows = [
        (
            f"{'*' if version.number == active.number else ' '} {version.number}",
            "-" if version.at is None else f"{version.at:%Y-%m-%d %H:%M:%S}Z",
            version.author or "-",
            version.note,
        )
        for version in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for number, at, author, note in rows:
        row = f"{number:>{widths[0]}}  {at:<{widths[1]}}  {author:<{widths[2]}}  {note}"
        say(row.rstrip())
    return 0


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


_VERBS: dict[str, Callable[[_Asked], Awaitable[int]]] = {
    "export": _export,
    "check": _check,
    "diff": _diff,
    "activate": _activate,
    "history": _history,
    "rollback": _roll_back,
}
