"""Migrations lead to the schema, are applied once, and do not change after that."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import asyncpg
import pytest

from router.embedded.postgres import address, programs
from router.store import migrate as runner
from router.store.migrate import MigrationError, migrate, migrations, missing

SCHEMA = Path(runner.__file__).with_name("schema.sql")


def dump(url: str) -> list[str]:
    """The schema as PostgreSQL itself describes it, without the runner's own table."""
    printed = subprocess.run(
        [
            str(programs() / "pg_dump"),
            *("--schema-only", "--no-owner", "--no-comments"),
            *("--exclude-table=schema_migration", url),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    # pg_dump guards its output with a key that differs each time
    return [line for line in printed.splitlines() if not line.startswith(("\\restrict", "\\unres"))]


@pytest.fixture
async def empty(postgres_folder: Path, postgres_url: str):
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("drop database if exists test_empty with (force)")
    await connection.execute("create database test_empty template template0")
    yield address(postgres_folder, "test_empty")
    await connection.execute("drop database test_empty with (force)")
    await connection.close()


async def test_the_migrations_lead_to_exactly_the_schema(database: str, empty: str):
    connection = await asyncpg.connect(empty)
    await connection.execute(SCHEMA.read_text())
    await connection.close()
    migrated, declared = dump(database), dump(empty)
    assert len(declared) > 100
    assert migrated == declared


async def test_a_second_run_finds_nothing_to_do(database: str):
    assert await migrate(database) == []


async def test_eight_processes_at_once_apply_each_migration_once(empty: str):
    applied = await asyncio.gather(*(migrate(empty) for _ in range(8)))
    assert sorted(len(each) for each in applied) == [0] * 7 + [len(migrations())]


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name.removeprefix('m')}.sql").write_text(text)
    return folder


async def test_a_migration_that_was_changed_after_it_was_applied_is_refused(
    empty: str, tmp_path: Path
):
    await migrate(empty, write(tmp_path, m0001_first="create table a (x int)"))
    write(tmp_path, m0001_first="create table a (x bigint)")
    with pytest.raises(MigrationError, match=r"0001 \(first\) was applied .* another text"):
        await migrate(empty, tmp_path)


async def test_a_migration_that_fails_leaves_nothing_of_itself_and_keeps_those_before(
    empty: str, tmp_path: Path
):
    write(
        tmp_path,
        m0001_good="create table good (x int)",
        m0002_bad="create table half (x int); select 1 / 0",
    )
    with pytest.raises(MigrationError, match=r"0002 \(bad\) failed and was rolled back"):
        await migrate(empty, tmp_path)
    connection = await asyncpg.connect(empty)
    assert await connection.fetchval("select to_regclass('good') is not null")
    assert await connection.fetchval("select to_regclass('half') is null")
    assert [m.number for m in await missing(connection, migrations(tmp_path))] == [2]
    await connection.close()


async def test_a_database_that_is_newer_than_the_program_is_refused(empty: str, tmp_path: Path):
    write(tmp_path, m0001_a="select 1", m0002_b="select 1")
    await migrate(empty, tmp_path)
    (tmp_path / "0002_b.sql").unlink()
    with pytest.raises(MigrationError, match="newer than this Secondline"):
        await migrate(empty, tmp_path)


@pytest.mark.parametrize("names", [("0002_late",), ("0001_a", "0003_c"), ("first",)])
def test_names_and_numbers_out_of_line_are_refused(names: tuple[str, ...], tmp_path: Path):
    for name in names:
        (tmp_path / f"{name}.sql").write_text("select 1")
    with pytest.raises(MigrationError):
        migrations(tmp_path)
