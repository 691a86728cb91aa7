"""The company's register of experts in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from uuid import UUID, uuid4

from router.identity.changes import Address, Holder, Known, Plan, addresses, given_up, plan
from router.identity.entries import Entry
from router.identity.people import absorb
from router.store.truth import Connection

BATCH = 2_000

T = TypeVar("T")


async def lock(conn: Connection, ws: UUID) -> None:
    """One change of a register at a time: two would read what the other is about to write."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"register:{ws}")


async def store(conn: Connection, ws: UUID, stated: Sequence[Entry]) -> Plan:
    """Plan and store inside of the caller's transaction; what the plan refuses is not stored."""
    await lock(conn, ws)
    experts = await _experts(conn, ws, [entry.number for entry in stated])
    holders = await _holders(conn, ws, [a for entry in stated for a in addresses(entry)])
    todo = await asyncio.to_thread(plan, stated, experts, holders)
    await _give_up(conn, ws, todo.updated, experts)
    people = {entry.number: uuid4() for entry in todo.created}
    for some in _batches(todo.created):
        await _create(conn, ws, some, people)
    for some in _batches(todo.updated):
        await _update(conn, some, experts)
    people |= {entry.number: experts[entry.number].person_id for entry in todo.updated}
    owned = [
        (people[entry.number], address)
        for entry in (*todo.created, *todo.updated)
        for address in addresses(entry)
    ]
    for pairs in _batches(owned):
        await _own(conn, ws, pairs, holders)
    return todo


def _batches(things: Sequence[T]) -> Iterator[Sequence[T]]:
    """The things in turn, so many at a time: one statement must end within its time-out."""
    for begin in range(0, len(things), BATCH):
        yield things[begin : begin + BATCH]


async def _experts(conn: Connection, ws: UUID, numbers: Sequence[str]) -> dict[str, Known]:
    known: dict[str, Known] = {}
    for some in _batches(numbers):
        rows = await conn.fetch(
            """
            select e.number, e.person_id, p.name, e.languages, e.network_size, e.active,
              array(select kind from address where person_id = p.id and registered
                    order by kind, value) as kinds,
              array(select value from address where person_id = p.id and registered
                    order by kind, value) as held
            from expert e join person p on p.id = e.person_id
            where e.workspace_id = $1 and e.number = any($2::text[])
            """,
            ws,
            some,
        )
        for row in rows:
            known[row["number"]] = Known(
                row["person_id"],
                row["name"],
                tuple(row["languages"]),
                row["network_size"],
                row["active"],
                frozenset(zip(row["kinds"], row["held"], strict=True)),
            )
    return known


async def _holders(conn: Connection, ws: UUID, sought: Sequence[Address]) -> dict[Address, Holder]:
    holders: dict[Address, Holder] = {}
    for some in _batches(sought):
        rows = await conn.fetch(
            """
            select a.kind, a.value, a.person_id, e.number
            from unnest($2::text[], $3::text[]) as s (kind, value)
            join address a on a.workspace_id = $1 and a.kind = s.kind and a.value = s.value
            left join expert e on e.person_id = a.person_id
            """,
            ws,
            [kind for kind, _ in some],
            [value for _, value in some],
        )
        for row in rows:
            holders[row["kind"], row["value"]] = Holder(row["person_id"], row["number"])
    return holders


async def _give_up(
    conn: Connection, ws: UUID, updated: Sequence[Entry], experts: Mapping[str, Known]
) -> None:
    gone = [a for entry in updated for a in given_up(entry, experts[entry.number])]
    for some in _batches(gone):
        await conn.execute(
            "delete from address a using unnest($2::text[], $3::text[]) as s (kind, value)"
            " where a.workspace_id = $1 and a.kind = s.kind and a.value = s.value",
            ws,
            [kind for kind, _ in some],
            [value for _, value in some],
        )


async def _create(
    conn: Connection, ws: UUID, created: Sequence[Entry], people: Mapping[str, UUID]
) -> None:
    ids = [people[entry.number] for entry in created]
    await conn.execute(
        "insert into person (id, workspace_id, name, provisional)"
        " select id, $1, name, false from unnest($2::uuid[], $3::text[]) as s (id, name)",
        ws,
        ids,
        [entry.name for entry in created],
    )
    await conn.execute(
        """
        insert into expert (person_id, workspace_id, number, network_size, languages, active)
        select id, $1, number, size, string_to_array(languages, ';'), active
        from unnest($2::uuid[], $3::text[], $4::int[], $5::text[], $6::bool[])
          as s (id, number, size, languages, active)
        """,
        ws,
        ids,
        [entry.number for entry in created],
        [entry.network_size or 0 for entry in created],
        # unnest() takes no arrays of different lengths; a tag has no semicolon
        [";".join(entry.languages or ()) for entry in created],
        [entry.active is not False for entry in created],
    )


async def _update(conn: Connection, updated: Sequence[Entry], experts: Mapping[str, Known]) -> None:
    ids = [experts[entry.number].person_id for entry in updated]
    await conn.execute(
        "update person p set name = s.name, provisional = false"
        " from unnest($1::uuid[], $2::text[]) as s (id, name)"
        " where p.id = s.id and s.name is not null",
        ids,
        [entry.name for entry in updated],
    )
    await conn.execute(
        """
        update expert e set
          network_size = coalesce(s.size, e.network_size),
          languages = coalesce(string_to_array(s.languages, ';'), e.languages),
          active = coalesce(s.active, e.active)
        from unnest($1::uuid[], $2::int[], $3::text[], $4::bool[])
          as s (id, size, languages, active)
        where e.person_id = s.id
        """,
        ids,
        [entry.network_size for entry in updated],
        [None if e.languages is None else ";".join(e.languages) for e in updated],
        [entry.active for entry in updated],
    )


async def _own(
    conn: Connection,
    ws: UUID,
    pairs: Sequence[tuple[UUID, Address]],
    holders: Mapping[Address, Holder],
) -> None:
    await conn.execute(
        """
        insert into address (workspace_id, kind, value, person_id, registered)
        select $1, kind, value, person, true
        from unnest($2::text[], $3::text[], $4::uuid[]) as s (kind, value, person)
        on conflict (workspace_id, kind, value)
        do update set person_id = excluded.person_id, registered = true
        """,
        ws,
        [kind for _, (kind, _) in pairs],
        [value for _, (_, value) in pairs],
        [person for person, _ in pairs],
    )
    # whoever called from such a number before was this expert, whom we did not know yet
    strangers = {
        holder.person_id: person
        for person, address in pairs
        if (holder := holders.get(address)) and holder.expert is None
    }
    await absorb(conn, list(strangers), list(strangers.values()))
