"""The experts of a workspace: one by one, from a file, and their PINs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg

from router.errors import Conflict, NotFound
from router.identity import audit, pins, throttle
from router.identity.entries import Entry
from router.identity.hashing import Hasher
from router.identity.imports import Refusal, parse
from router.identity.people import pin_subject
from router.identity.register import lock, store
from router.store.truth import Connection


@dataclass(frozen=True)
class Report:
    """What became of a file's rows."""

    created: int
    updated: int
    unchanged: int
    refused: tuple[Refusal, ...]


class Experts:
    """Changes the register. by: the account that does it, for the audit; None: the command line."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], hasher: Hasher) -> None:
        self._pool = pool
        self._hasher = hasher

    async def create(self, ws: UUID, entry: Entry, *, by: UUID | None) -> UUID:
        """A new expert; the id of their person. Raises Conflict naming what is taken."""
        async with self._pool.acquire() as conn, conn.transaction():
            await lock(conn, ws)
            if await _by_number(conn, ws, entry.number):
                raise Conflict("This number has an expert already.", field="number")
            await _store_one(conn, ws, entry)
            made = await _by_number(conn, ws, entry.number)
            assert made is not None
            await audit.note(conn, ws, by, "expert.create", made, {"number": entry.number})
        return made

    async def change(
        self, ws: UUID, person_id: UUID, entry: Entry, *, number: str | None, by: UUID | None
    ) -> None:
        """Change what the entry states; its own number does not matter.

        number: another number for the expert; a PIN stays with the person. Raises NotFound;
        Conflict naming what is taken.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            await lock(conn, ws)
            before = await _number(conn, ws, person_id)
            if number not in (None, before):
                if await _by_number(conn, ws, number):
                    raise Conflict("This number has an expert already.", field="number")
                await conn.execute(
                    "update expert set number = $2 where person_id = $1", person_id, number
                )
            await _store_one(conn, ws, replace(entry, number=number or before))
            await audit.note(conn, ws, by, "expert.change", person_id, {"number": number or before})

    async def read_file(self, ws: UUID, data: bytes, *, by: UUID | None = None) -> Report:
        """Import a CSV file, see `imports.parse`: all rows but the refused ones, or nothing.

        The same file again changes nothing. Raises Malformed, Invalid.
        """
        country = await self.country(ws)
        # 100,000 phones take seconds to read: not on the loop that everybody's sockets share
        parsed = await asyncio.to_thread(parse, data, country)
        async with self._pool.acquire() as conn, conn.transaction():
            done = await store(conn, ws, parsed.entries)
            refused = sorted((*parsed.refused, *done.refused), key=lambda refusal: refusal.line)
            report = Report(
                len(done.created), len(done.updated), len(done.unchanged), tuple(refused)
            )
            figures = {
                "created": report.created,
                "updated": report.updated,
                "refused": len(refused),
            }
            await audit.note(conn, ws, by, "expert.import", ws, figures)
        return report

    async def country(self, ws: UUID) -> str:
        """Whose dialling habits apply in this workspace."""
        country: str = await self._pool.fetchval("select country from workspace where id = $1", ws)
        return country

    async def issue_pin(self, ws: UUID, person_id: UUID, *, by: UUID | None) -> str:
        """A fresh PIN, told once; the former one is wrong from now on, a lock is lifted.

        Raises NotFound; Conflict for an expert who is not active.
        """
        pin = pins.draw()
        hashed = await self._hasher.hash(pin)
        async with self._pool.acquire() as conn, conn.transaction():
            number = await _number(conn, ws, person_id)
            if not await conn.fetchval(
                "update expert set pin_hash = $2 where person_id = $1 and active returning true",
                person_id,
                hashed,
            ):
                raise Conflict("This expert is not active.", state="inactive")
            await throttle.clear(conn, pin_subject(ws, number))
            await audit.note(conn, ws, by, "expert.pin_issue", person_id)
        return pin

    async def revoke_pin(self, ws: UUID, person_id: UUID, *, by: UUID | None) -> None:
        """No PIN is right from now on. Raises NotFound."""
        async with self._pool.acquire() as conn, conn.transaction():
            await _number(conn, ws, person_id)
            await conn.execute("update expert set pin_hash = null where person_id = $1", person_id)
            await audit.note(conn, ws, by, "expert.pin_revoke", person_id)


async def _store_one(conn: Connection, ws: UUID, entry: Entry) -> None:
    done = await store(conn, ws, [entry])
    for refusal in done.refused:
        raise Conflict(refusal.why, field=refusal.field)


async def _by_number(conn: Connection, ws: UUID, number: str | None) -> UUID | None:
    found: UUID | None = await conn.fetchval(
        "select person_id from expert where workspace_id = $1 and number = $2", ws, number
    )
    return found


async def _number(conn: Connection, ws: UUID, person_id: UUID) -> str:
    number: str | None = await conn.fetchval(
        "select number from expert where workspace_id = $1 and person_id = $2 for update",
        ws,
        person_id,
    )
    if number is None:
        raise NotFound("There is no such expert.")
    return number
