"""What the scripts take, from the truth's rows: one spelling for the fast path and the rebuild."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from router.queues.kinds import kind_name
from router.queues.policy import Policy, Strategy, parse
from router.queues.steps import CompiledStep, Leaving, leaving
from router.store.truth import Connection, Row

OVERFLOWS_MOST = 4
"""So often a contact may leave a queue for another, five queues in all; then it stays."""


@lru_cache(maxsize=4096)
def _parsed(document: bytes) -> Policy:
    return parse(msgspec.json.decode(document))


def policy_of(document: Any) -> Policy:
    """A stored policy; parsing is remembered by content, so a change is seen at once."""
    return _parsed(msgspec.json.encode(document))


def milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970 of an aware datetime."""
    return int(at.timestamp() * 1000)


async def excluded_of(connection: Connection, row: Row, policy: Policy) -> dict[str, int]:
    """Agents not to be asked for this contact, and until when (ms): who let it pass of late."""
    rows = await connection.fetch(
        "select agent_id, max(at) as at from ("
        " select agent_id, at from offer"
        "  where contact_id = $1 and outcome in ('declined', 'missed')"
        " union all select agent_id, done_at from handling"
        "  where contact_id = $1 and ending = 'no_connect' and done_at is not null) passed"
        " group by agent_id",
        row["id"],
    )
    return {
        str(passed["agent_id"]): milliseconds(passed["at"]) + policy.retry_seconds * 1000
        for passed in rows
    }


def strategy_text(policy: Policy, strategy: Strategy) -> str:
    """A step's choice with its parameters, as `_match.lua` reads it."""
    choice = policy.choice
    if strategy == "longest_idle":
        return strategy
    if strategy == "best_rated":
        return f"{strategy}/{choice.newcomer_share:g}/{choice.pass_over_most}"
    return f"{strategy}/{choice.pass_over_most}"


def steps_text(policy: Policy, steps: list[tuple[CompiledStep, int]]) -> str:
    """A contact's steps as the scripts keep them (`_lines.lua`): `kind strategy from ahead skip;…`.

    `kinds_in` reads the kinds back.
    """
    return ";".join(
        f"{kind_name(kind, step.requirement)} {strategy_text(policy, step.strategy)}"
        f" {step.from_ms} {step.ahead_ms} {int(step.skip)}"
        for step, kind in steps
    )


def kinds_in(steps: str) -> list[str]:
    """The live names of the kinds of a contact's steps."""
    return [step.split(" ", 1)[0] for step in steps.split(";")]


def enter_arguments(
    row: Row,
    policy: Policy,
    steps: list[tuple[CompiledStep, int]],
    excluded: dict[str, int],
) -> dict[str, Any]:
    """What `enter` takes, from a waiting contact's row."""
    arrival = milliseconds(row["arrived_at"])
    line = milliseconds(row["line_at"])
    # a message waits for its owner, and who has overflowed often enough stays
    stays = bool(row.get("due_at")) or (row.get("overflowed") or 0) >= OVERFLOWS_MOST
    leaves = Leaving(None, None) if stays else leaving(policy)
    prefer_until = None
    if row["prefer_agent_id"] is not None and policy.choice.prefer_seconds:
        prefer_until = line + policy.choice.prefer_seconds * 1000
    return {
        "contact": row["id"],
        "gen": row["generation"],
        "queue": row["queue_id"],
        "channel": row["channel"],
        "role": row["role"],
        "arrival_ms": arrival,
        "score_ms": arrival - int(row["head_start"].total_seconds() * 1000),
        "line_ms": line,
        "steps": steps_text(policy, steps),
        "route": " ".join(kind_name(kind, step.requirement) for step, kind in steps),
        "leave_ms": leaves.after_ms,
        "alone_ms": leaves.alone_ms,
        "offer_ms": policy.offer_ms(row["channel"]),
        "prefer": row["prefer_agent_id"],
        "prefer_until_ms": prefer_until,
        "excluded": excluded,
    }


def waited_ms(accepted_at: datetime, line_at: datetime) -> int:
    """How long who was accepted had been in this line, as the figures count it."""
    return max(0, milliseconds(accepted_at) - milliseconds(line_at))


async def hold_arguments(connection: Connection, contact: Row, handling: Row) -> dict[str, Any]:
    """What `hold` takes, from a contact in hand and its handling."""
    queue = await connection.fetchrow(
        "select q.policy, w.time_zone from queue q join workspace w on w.id = q.workspace_id"
        " where q.id = $1",
        handling["queue_id"],
    )
    assert queue is not None
    return held_arguments(contact, handling, policy_of(queue["policy"]), queue["time_zone"])


def held_arguments(contact: Row, handling: Row, policy: Policy, time_zone: str) -> dict[str, Any]:
    """The same, where the queue's policy and the workspace's time zone are at hand."""
    waited = waited_ms(handling["accepted_at"], handling["line_at"])
    day = handling["accepted_at"].astimezone(ZoneInfo(time_zone)).date()
    return {
        "contact": contact["id"],
        "gen": contact["generation"],
        "offer": handling["offer_id"],
        "agent": handling["agent_id"],
        "channel": handling["channel"],
        "queue": handling["queue_id"],
        "role": contact["role"],
        "arrival_ms": milliseconds(contact["arrived_at"]),
        "wrapup": handling["state"] == "wrapup",
        "answered": {
            "day": day.isoformat(),
            "wait_ms": waited,
            "within": int(waited <= policy.target.seconds * 1000),
        },
    }
