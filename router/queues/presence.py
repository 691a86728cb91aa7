"""What the live store must hear of an agent, from the truth."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg

from router.queues.kinds import Profile, classify, requirement_of
from router.queues.outbox import Pending, put
from router.queues.steps import Requirement
from router.store.truth import Connection


async def kinds_of(connection: Connection, workspace_id: UUID) -> list[tuple[int, Requirement]]:
    """All kinds of the workspace, by number."""
    rows = await connection.fetch(
        "select id, spec from kind where workspace_id = $1 order by id", workspace_id
    )
    return [(row["id"], requirement_of(row["spec"])) for row in rows]


async def hold_kinds(connection: Connection, workspace_id: UUID) -> None:
    """No new kind until the end of this transaction: a kind made at the same time must either
    be seen by an agent who changes, or see that agent.

    Take it before an agent's row is locked: who makes a kind holds this and wants the rows.
    """
    await connection.execute(
        "select pg_advisory_xact_lock_shared(hashtextextended($1, 1))", str(workspace_id)
    )


async def agent_changed(connection: Connection, workspace_id: UUID, agent_id: UUID) -> Pending:
    """Raise the agent's version and write what the live store must hear of them.

    Call it in the transaction that changed presence, skills, languages, tier, capacity or
    revealed ratings.
    """
    await hold_kinds(connection, workspace_id)
    row = await connection.fetchrow(
        "update agent set version = version + 1 where id = $1 returning *", agent_id
    )
    assert row is not None
    await _keep_span(connection, row)
    kinds = await kinds_of(connection, workspace_id)
    return await put(connection, workspace_id, agent_id, "present", presence_arguments(row, kinds))


async def _keep_span(connection: Connection, agent: asyncpg.Record) -> None:
    """The history of presence: a change of it, its reason or the tier begins another span.

    The agent's row is locked, so that two changes at once come one after the other. Their time
    is the statement's, for a transaction that waited for the lock began before its holder's end.
    """
    now = agent["presence"], agent["presence_reason"], agent["tier"]
    span = await connection.fetchrow(
        "select id, presence, reason, tier from presence_span"
        " where agent_id = $1 and ended_at is null",
        agent["id"],
    )
    if span is not None:
        if now == (span["presence"], span["reason"], span["tier"]):
            return
        at = await connection.fetchval(
            "update presence_span set ended_at = greatest(began_at, statement_timestamp())"
            " where id = $1 returning ended_at",
            span["id"],
        )
    elif agent["presence"] == "offline":
        return
    else:
        at = await connection.fetchval("select statement_timestamp()")
    if agent["presence"] != "offline":
        await connection.execute(
            "insert into presence_span (workspace_id, agent_id, tier, presence, reason, began_at)"
            " values ($1, $2, $3, $4, $5, $6)",
            agent["workspace_id"],
            agent["id"],
            agent["tier"],
            agent["presence"],
            agent["presence_reason"],
            at,
        )


def presence_arguments(row: asyncpg.Record, kinds: list[tuple[int, Requirement]]) -> dict[str, Any]:
    """What `present` takes, from an agent's row and the workspace's kinds."""
    profile = Profile(
        tier=row["tier"],
        languages=frozenset(row["languages"]),
        skills=frozenset(row["skills"]),
        capacity=row["capacity"],
        band=row["band"],
    )
    found = classify(profile, kinds)
    return {
        "agent": row["id"],
        "version": row["version"],
        "state": row["presence"],
        "reason": row["presence_reason"],
        "since_ms": int(row["presence_since"].timestamp() * 1000),
        "tier": row["tier"],
        "class": found.name,
        "band": found.band,
        "kinds": found.kinds,
        "capacity": row["capacity"],
    }
