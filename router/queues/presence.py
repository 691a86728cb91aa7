"""What the live store must hear of an agent, from the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from router.queues.kinds import Profile, classify, qualifies, requirement_of
from router.queues.outbox import Pending, put_many
from router.queues.rules import Rules, parse_rules
from router.queues.steps import Requirement
from router.ratings.rules import mean
from router.store.truth import Connection, Row


async def kinds_of(connection: Connection, workspace_id: UUID) -> list[tuple[int, Requirement]]:
    """All kinds of the workspace that are built or being built, by number."""
    rows = await connection.fetch(
        "select id, spec from kind where workspace_id = $1 and built_at is not null order by id",
        workspace_id,
    )
    return [(row["id"], requirement_of(row["spec"])) for row in rows]


async def rules_of(connection: Connection, workspace_id: UUID) -> Rules:
    """The workspace's rules."""
    return parse_rules(
        await connection.fetchval("select policy from workspace where id = $1", workspace_id)
    )


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
    return (await changed(connection, workspace_id, [Change(agent_id)]))[agent_id]


class Change(NamedTuple):
    """What becomes of an agent. presence: None: something else has changed of them, and not that.

    by: who sets the presence, audited where it is somebody else; None: the system.
    """

    agent_id: UUID
    presence: str | None = None
    reason: str | None = None
    by: UUID | None = None


async def changed(
    connection: Connection, workspace_id: UUID, changes: Sequence[Change]
) -> dict[UUID, Pending]:
    """The same for any number of agents at once, each one once: by agent what to apply.

    Who does not exist is left out.
    """
    found = await connection.fetchrow(
        "select * from agents_changed($1, $2, $3, $4, $5)",
        workspace_id,
        *map(list, zip(*changes, strict=True)),
    )
    assert found is not None
    kinds = [
        (number, requirement_of(spec))
        for number, spec in zip(found["kinds"] or (), found["specs"] or (), strict=True)
    ]
    rules = parse_rules(found["rules"] or {})
    pending = await put_many(
        connection,
        workspace_id,
        "present",
        {agent["id"]: presence_arguments(agent, kinds, rules) for agent in found["changed"] or ()},
    )
    return {each.subject: each for each in pending}


async def agents_changed(
    connection: Connection, workspace_id: UUID, agent_ids: Sequence[UUID], new: Sequence[int]
) -> list[Pending]:
    """The same for many at once, of those who qualify for one of the new kinds.

    Nothing of the agents changed, so that their history of presence stays as it is. They do not
    look for work one by one, which would be in the order of their ids: `stir` follows.
    """
    kinds = await kinds_of(connection, workspace_id)
    rules = await rules_of(connection, workspace_id)
    fresh = [requirement for number, requirement in kinds if number in set(new)]
    rows = await connection.fetch(
        "select * from agent where id = any($1) order by id for no key update", list(agent_ids)
    )
    able = [
        row["id"]
        for row in rows
        if (profile := profile_of(row, rules))
        and any(qualifies(profile, requirement) for requirement in fresh)
    ]
    raised = await connection.fetch(
        "update agent set version = version + 1 where id = any($1) returning *", able
    )
    told = {row["id"]: presence_arguments(row, kinds, rules) | {"quiet": True} for row in raised}
    return await put_many(connection, workspace_id, "present", told)


def profile_of(row: Row, rules: Rules) -> Profile:
    """What of an agent's row decides whom they may serve."""
    return Profile(
        tier=row["tier"],
        languages=frozenset(row["languages"]),
        skills=frozenset(row["skills"]),
        capacity=row["capacity"],
        band=row["band"],
        newcomer=row["rating_count"] < rules.newcomer_ratings,
        facts={
            "id": str(row["id"]),
            "tier": row["tier"],
            "languages": row["languages"],
            "skills": row["skills"],
            "levels": row["levels"],
            "rating": mean(row["rating_sum"], row["rating_count"]),
            "ratings": row["rating_count"],
            "qualifications": row["qualifications"],
            "tags": row["tags"],
            "location": row["location"],
            "attributes": row["attributes"],
        },
    )


def blocks_text(rules: Rules) -> str:
    """Which channel blocks which, as `_agents.lua` reads it: `voice>video ...`."""
    blocks = msgspec.to_builtins(rules.blocks)
    return " ".join(f"{held}>{other}" for held, others in blocks.items() for other in others)


def presence_arguments(
    row: Row, kinds: Sequence[tuple[int, Requirement]], rules: Rules
) -> dict[str, Any]:
    """What `present` takes, from an agent's row and the workspace's kinds and rules."""
    profile = profile_of(row, rules)
    found = classify(profile, kinds)
    return {
        "agent": row["id"],
        "version": row["version"],
        "state": row["presence"],
        "reason": row["presence_reason"],
        "since_ms": int(row["presence_since"].timestamp() * 1000),
        "tier": row["tier"],
        "class": found.name,
        "kinds": {channel: " ".join(names) for channel, names in found.kinds.items()},
        "capacity": row["capacity"],
        "blocks": blocks_text(rules),
    }
