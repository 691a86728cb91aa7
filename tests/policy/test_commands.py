"""`secondline policy`: what it prints, and what it ends with."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import pytest

from router.commands import policy
from router.errors import Conflict, Invalid, NotFound
from tests.house import House


class Command:
    """Runs the command over the house's database."""

    def __init__(self, database: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._environ = {"DATABASE_URL": database}
        self._capsys = capsys
        self._parser = argparse.ArgumentParser()
        policy.add_arguments(self._parser)

    async def __call__(self, *arguments: object) -> tuple[int, str, str]:
        """The exit code, and what was printed to output and error."""
        self._capsys.readouterr()
        parsed = self._parser.parse_args([str(each) for each in arguments])
        # a loop of its own, as the command has
        code = await asyncio.to_thread(policy.run, parsed, self._environ)
        return code, *self._capsys.readouterr()


@pytest.fixture
def command(house: House, database: str, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(database, capsys)


async def test_from_export_to_rollback(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    code, exported, _ = await command("export")
    assert code == 0
    file.write_text(exported)
    code, said, _ = await command("check", file)
    assert (code, said) == (0, "Good: 2 queues, 1 entry point.\n")
    assert await command("diff", file) == (0, "Nothing differs from version 1.\n", "")
    assert (await command("activate", file))[1] == "Nothing differs: version 1 stays active.\n"

    file.write_text(exported.replace("name: experts", "name: House"))
    change = "  queues.experts.name was “experts”, becomes “House”\n"
    code, said, _ = await command("diff", file)
    assert (code, said) == (3, "Against version 1: 1 change.\n" + change)
    code, said, _ = await command("activate", file, "--note", "A name")
    assert (code, said) == (0, "Version 2 is active: 1 change.\n" + change)
    assert (await command("export"))[1] == file.read_text()
    assert (await command("export", "--version", 1))[1] == exported

    code, said, _ = await command("rollback", 1)
    assert said.startswith("Version 3 is active: 1 change.\n")
    code, said, _ = await command("history")
    lines = said.splitlines()
    assert [line.split()[-1] for line in lines] == ["1", "name", "found"]
    assert lines[0].startswith("* 3")
    assert lines[0].endswith("Back to version 1")


async def test_faults_are_told_as_compilers_do(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("queues:\n  a:\n    name: A\n    escalates_to: b\n    hours: never\n")
    for verb in ("check", "diff", "activate"):
        code, said, error = await command(verb, file)
        assert (code, said) == (1, "")
        assert error.splitlines() == [
            f"{file}:4:5: queues.a.escalates_to: There is no queue “b”.",
            f"{file}:5:5: queues.a.hours: There is no schedule “never”.",
        ]
    with pytest.raises(Invalid, match="cannot be read"):
        await command("check", tmp_path / "none.yaml")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid, match="UTF-8"):
        await command("check", file)


async def test_it_is_activated_only_over_what_was_seen(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text((await command("export"))[1] + "# mine\n")
    await command("activate", file)
    file.write_text(file.read_text() + "# again\n")
    with pytest.raises(Conflict):
        await command("activate", file, "--seen", 1)
    with pytest.raises(Conflict):
        await command("rollback", 1, "--seen", 1)
    assert (await command("activate", file, "--seen", 2))[0] == 0


async def test_of_several_workspaces_one_is_named(
    command: Command, database: str, live: str
) -> None:
    other = await House.open(database, live)
    slug = await other.pool.fetchval("select slug from workspace where id = $1", other.workspace)
    await other.close()
    with pytest.raises(Invalid, match="--workspace is missing"):
        await command("export")
    with pytest.raises(NotFound, match="no workspace “x”"):
        await command("export", "--workspace", "x")
    assert (await command("export", "--workspace", slug))[0] == 0
