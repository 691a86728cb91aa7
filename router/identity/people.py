"""People outside the house: found by an address, a PIN or a host site's word.

An address alone never finds more than it proves. What a visitor merely typed finds nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from router.identity import pins, throttle
from router.identity.cards import describe
from router.identity.guests import Guest, mark_of
from router.identity.hashing import Hasher
from router.identity.visitors import Visitor
from router.store.truth import Connection


@dataclass(frozen=True)
class Identity:
    """Who is contacting us, and how sure we are.

    role: the lane, "expert" or "customer". assurance: 0 to 3, see docs/identity.md.
    name: what an agent may call them: the registered name from assurance 2 on, or the name that
    a visitor gave. languages, network_size: an expert's; of others () and 0.
    """

    person_id: UUID
    role: str
    assurance: int
    name: str | None = None
    languages: tuple[str, ...] = ()
    network_size: int = 0


_BY_ADDRESS = """
select p.id, p.name, p.provisional, a.registered, e.languages, e.network_size,
       coalesce(e.active, false) as expert
from address a join person p on p.id = a.person_id left join expert e on e.person_id = p.id
where a.workspace_id = $1 and a.kind = $2 and a.value = $3
"""
_BY_EXPERT_NUMBER = """
select p.id, p.name, p.provisional, e.pin_hash, e.languages, e.network_size, true as expert
from expert e join person p on p.id = e.person_id
where e.workspace_id = $1 and e.number = $2 and e.active
"""


class People:
    """Finds and makes people. Two processes that meet the same unknown number make one person."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], hasher: Hasher) -> None:
        self._pool = pool
        self._hasher = hasher

    async def by_phone(self, ws: UUID, e164: str | None, *, attested: bool) -> Identity:
        """Whose number this is.

        e164: normalised; None: withheld, which is a new person every time. attested: the caller's
        carrier vouches for the number in full. A registered number gives 1, attested 2; an
        unknown one is one provisional person, at 0.
        """
        async with self._pool.acquire() as conn:
            if e164 is None:
                return Identity(await _make(conn, ws, None, provisional=True), "customer", 0)
            row = await _by_address(conn, ws, "phone", e164, name=None, registered=False)
        return _identity(row, (2 if attested else 1) if row["registered"] else 0)

    async def by_pin(
        self, ws: UUID, expert_number: str, pin: str, *, caller: str | None
    ) -> Identity | None:
        """The expert whose number and PIN were keyed in, at assurance 2; None: wrong.

        caller: E.164, None when withheld. A wrong PIN, an unknown number and an expert without a
        PIN take the same time and count the same. Raises TooMany after too many tries at the
        number or by the caller.
        """
        number = expert_number.strip()[:20]
        guessed, by = pin_subject(ws, number), f"caller:{ws}:{caller}"
        async with self._pool.acquire() as conn:
            # the caller first: one who is locked out must not lock out others
            if caller is not None:
                await throttle.count(conn, by, throttle.CALLER)
            await throttle.count(conn, guessed)
            row = await conn.fetchrow(_BY_EXPERT_NUMBER, ws, number)
        stored = row["pin_hash"] if row and pins.well_formed(pin) else None
        if not await self._hasher.verify(stored, pin) or row is None:
            return None
        async with self._pool.acquire() as conn, conn.transaction():
            # it may have been revoked while we verified: at once means at once
            if not await conn.fetchval(
                "select 1 from expert where person_id = $1 and active and pin_hash = $2",
                row["id"],
                stored,
            ):
                return None
            await throttle.clear(conn, guessed)
            if caller is not None:
                await throttle.take_back(conn, by)
        return _identity(row, 2)

    async def guest(self, ws: UUID, expert_number: str) -> Guest | None:
        """What a session of this expert names; None without a PIN."""
        async with self._pool.acquire() as conn:
            row = await conn.fetchrow(_BY_EXPERT_NUMBER, ws, expert_number)
        if row is None or row["pin_hash"] is None:
            return None
        return Guest(ws, expert_number, mark_of(row["pin_hash"]))

    async def by_guest(self, guest: Guest) -> Identity | None:
        """The expert of a session, at assurance 3; None once the PIN was reset or revoked."""
        async with self._pool.acquire() as conn:
            row = await conn.fetchrow(_BY_EXPERT_NUMBER, guest.workspace_id, guest.expert_number)
        if row is None or row["pin_hash"] is None or mark_of(row["pin_hash"]) != guest.mark:
            return None
        return _identity(row, 3)

    async def by_visitor(
        self, ws: UUID, visitor: Visitor | None, *, name: str | None, mail: str | None
    ) -> Identity:
        """Who is in the chat or video.

        visitor: whom the host site's token vouches for: assurance 3, and an expert where the
        token names one or the account is known as one's. None: a new person at 0; `name` and
        `mail`, cleaned already, are what they say of themselves and find nobody.
        """
        async with self._pool.acquire() as conn:
            if visitor is None:
                made = await _make(conn, ws, name, provisional=True, mail=mail)
                return Identity(made, "customer", 0, name)
            if visitor.expert_number is not None:
                row = await conn.fetchrow(_BY_EXPERT_NUMBER, ws, visitor.expert_number)
                if row is not None:
                    await link(conn, ws, "account", visitor.subject, row["id"])
                    return _identity(row, 3)
            row = await _by_address(
                conn, ws, "account", visitor.subject, name=visitor.name, registered=True
            )
            if visitor.name and row["name"] != visitor.name and not row["expert"]:
                # the host site knows its accounts' names best; experts' come from the register
                await conn.execute(
                    "update person set name = $2 where id = $1", row["id"], visitor.name
                )
                return _identity({**row, "name": visitor.name}, 3)
            return _identity(row, 3)

    async def describe(
        self, ws: UUID, person_id: UUID, *, assurance: int, tier: int, role: str
    ) -> dict[str, Any]:
        """What this viewer may see of the person, see `cards.describe`."""
        return await describe(self._pool, ws, person_id, assurance=assurance, tier=tier, role=role)


def pin_subject(ws: UUID, expert_number: str) -> str:
    """What guesses at this expert number's PIN are counted by."""
    return f"pin:{ws}:{expert_number}"


async def link(conn: Connection, ws: UUID, kind: str, value: str, person_id: UUID) -> None:
    """Register this address as the person's, whoever had it.

    Whoever is left without any address was the same person all along, under a name that we did
    not know: their contacts and ratings go along, so that one person has one history.
    """
    async with conn.transaction():
        held = await conn.fetchrow(
            "select person_id, registered from address"
            " where workspace_id = $1 and kind = $2 and value = $3 for update",
            ws, kind, value,
        )  # fmt: skip
        if held is not None and held["person_id"] == person_id and held["registered"]:
            return
        await conn.execute(
            "insert into address (workspace_id, kind, value, person_id, registered)"
            " values ($1, $2, $3, $4, true) on conflict (workspace_id, kind, value)"
            " do update set person_id = excluded.person_id, registered = true",
            ws, kind, value, person_id,
        )  # fmt: skip
        if held is not None and held["person_id"] != person_id:
            await absorb(conn, [held["person_id"]], [person_id])


async def absorb(conn: Connection, olds: list[UUID], news: list[UUID]) -> None:
    """Give the history of each `old` to its `new`, unless it has an address left or is an expert.

    The old person stays, empty: a contact that arrives meanwhile may still point there.
    """
    moved = await conn.fetch(
        """
        select m.old, m.new from unnest($1::uuid[], $2::uuid[]) as m (old, new)
        where not exists (select from address a where a.person_id = m.old)
          and not exists (select from expert e where e.person_id = m.old)
        """,
        olds,
        news,
    )
    if not moved:
        return
    pairs = [[row[side] for row in moved] for side in ("old", "new")]
    for table in ("contact", "rating"):
        await conn.execute(
            f"update {table} t set person_id = m.new"
            " from unnest($1::uuid[], $2::uuid[]) as m (old, new) where t.person_id = m.old",
            *pairs,
        )


async def _by_address(
    conn: Connection, ws: UUID, kind: str, value: str, *, name: str | None, registered: bool
) -> asyncpg.Record:
    """The address's person, made if need be: who loses the race to make it finds the winner's."""
    while True:
        row = await conn.fetchrow(_BY_ADDRESS, ws, kind, value)
        if row is not None:
            return row
        transaction = conn.transaction()
        await transaction.start()
        try:
            made = await _make(conn, ws, name, provisional=not registered)
            won = await conn.fetchval(
                "insert into address (workspace_id, kind, value, person_id, registered)"
                " values ($1, $2, $3, $4, $5) on conflict do nothing returning true",
                ws, kind, value, made, registered,
            )  # fmt: skip
        except BaseException:
            await transaction.rollback()
            raise
        await (transaction.commit() if won else transaction.rollback())


async def _make(
    conn: Connection, ws: UUID, name: str | None, *, provisional: bool, mail: str | None = None
) -> UUID:
    made: UUID = await conn.fetchval(
        "insert into person (workspace_id, name, provisional, claimed_mail)"
        " values ($1, $2, $3, $4) returning id",
        ws, name, provisional, mail,
    )  # fmt: skip
    return made


def _identity(row: Any, assurance: int) -> Identity:
    expert = row["expert"] and assurance >= 1
    return Identity(
        row["id"],
        "expert" if expert else "customer",
        assurance,
        row["name"] if assurance >= 2 or row["provisional"] else None,
        tuple(row["languages"]) if expert else (),
        row["network_size"] if expert else 0,
    )
