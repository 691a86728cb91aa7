"""Brings a database to the newest schema: `migrations/NNNN_name.sql`, each once, in order.

`schema.sql` is where they lead; a test compares the two. A migration that was applied is
history: a change to its file is refused, for databases that have the old text would differ.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from router.errors import SecondlineError
from router.store.truth import Connection

FOLDER = Path(__file__).parent / "migrations"

# any number that no other use of advisory locks in this database takes
LOCK = 7_325_300_001

TABLE = """
create table if not exists schema_migration (
    number int primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now()
)
"""


class MigrationError(SecondlineError):
    """The database and the migrations do not fit together; nothing was changed by this one."""

    code = "migration"


@dataclass(frozen=True)
class Migration:
    """checksum: SHA-256 of the text, hexadecimal."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """What the folder holds, in order. Raises MigrationError for a name or number out of line."""
    found = []
    for file in sorted(folder.glob("*.sql")):
        name = re.fullmatch(r"(\d{4})_([a-z0-9_]+)\.sql", file.name)
        if name is None:
            raise MigrationError(f"{file.name} is not named like 0001_what_it_does.sql")
        found.append(Migration(int(name[1]), name[2], file.read_text(encoding="utf-8")))
    for expected, migration in enumerate(found, start=1):
        if migration.number != expected:
            raise MigrationError(
                f"Migration {migration.number:04} ({migration.name}) stands where "
                f"{expected:04} belongs: numbers run from 0001 without a gap or a double"
            )
    return found


async def missing(
    connection: Connection, wanted: Sequence[Migration] | None = None
) -> list[Migration]:
    """What this database still lacks.

    Raises MigrationError when an applied file has changed since, or when the database has
    migrations that this version of Secondline does not know.
    """
    wanted = migrations() if wanted is None else wanted
    try:
        rows = await connection.fetch("select number, name, checksum from schema_migration")
    except asyncpg.UndefinedTableError:
        return list(wanted)
    applied = {row["number"]: row for row in rows}
    for migration in wanted:
        row = applied.pop(migration.number, None)
        if row is not None and row["checksum"] != migration.checksum:
            raise MigrationError(
                f"Migration {migration.number:04} ({migration.name}) was applied to this database "
                f"with another text. Put its file back and write the change as a new migration"
            )
    if applied:
        raise MigrationError(
            f"The database is newer than this Secondline: it has migration "
            f"{max(applied):04} ({applied[max(applied)]['name']}). Install the newer version"
        )
    done = {row["number"] for row in rows}
    return [migration for migration in wanted if migration.number not in done]


async def migrate(url: str, folder: Path = FOLDER) -> list[Migration]:
    """Apply what is missing, each in a transaction of its own; returns what was applied.

    Any number of processes may call it at once: one works, the others wait for it.
    """
    wanted = migrations(folder)
    connection = await asyncpg.connect(url, timeout=10)
    try:
        # of the session, so that it spans the transactions; released when the connection ends
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        await connection.execute(TABLE)
        todo = await missing(connection, wanted)
        for migration in todo:
            try:
                async with connection.transaction():
                    await connection.execute(migration.text)
                    await connection.execute(
                        "insert into schema_migration (number, name, checksum) values ($1, $2, $3)",
                        migration.number,
                        migration.name,
                        migration.checksum,
                    )
            except asyncpg.PostgresError as error:
                raise MigrationError(
                    f"Migration {migration.number:04} ({migration.name}) failed and was rolled "
                    f"back: {error}"
                ) from error
        return todo
    finally:
        await connection.close()
