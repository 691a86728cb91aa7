"""What the scripts take, from the truth's rows: one spelling for the fast path and the rebuild."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
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


# whoever passed a contact on has just said that it needs somebody else
LET_PASS = """
select agent_id, outcome, at from offer
where contact_id = $1 and outcome in ('declined', 'missed')
union all select agent_id, ending, done_at from handling
where contact_id = $1 and ending = 'no_connect' and done_at is not null
union all select agent_id, ending, ended_at from handling
where contact_id = $1 and ending = 'escalated'
"""
"""Who let the contact $1 pass, how and when."""


async def excluded_of(connection: Connection, row: Row, policy: Policy) -> dict[str, int]:
    """Agents not to be asked for this contact, and until when (ms): who let it pass of late."""
    rows = await connection.fetch(
        f"select agent_id, max(at) as at from ({LET_PASS}) passed group by agent_id", row["id"]
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


def steps_text(policy: Policy, steps: list[tuple[CompiledStep, int]], ahead_ms: int) -> str:
    """A contact's steps as the scripts keep them (`_lines.lua`): `kind strategy from ahead skip;…`.

    ahead_ms: its head start. A step adds no more to it than the policy's most: the bound on
    overtaking holds in every step.
    """
    room = max(0, policy.head_starts.most_seconds * 1000 - ahead_ms)
    return ";".join(
        f"{kind_name(kind, step.requirement)} {strategy_text(policy, step.requirement.strategy)}"
        f" {step.from_ms} {min(step.ahead_ms, room)} {int(step.skip)}"
        for step, kind in steps
    )


@dataclass(frozen=True)
class Way:
    """What of a contact in line never changes there, in milliseconds; one text for the scripts.

    line: when it was put in this queue. score: its effective arrival. offer: how long it is held
    out. leave, alone: when it leaves the line, and when it does so because nobody is there.
    prefer_until: only the preferred agent is asked before.
    """

    line: int
    score: int
    offer: int
    leave: int | None = None
    alone: int | None = None
    prefer_until: int | None = None

    def text(self) -> str:
        """As `_lines.lua` reads it."""
        return " ".join("-" if value is None else str(value) for value in astuple(self))

    @classmethod
    def of(cls, text: str) -> Way:
        """Read back from a live contact's field."""
        values = [None if value == "-" else int(value) for value in text.split(" ")]
        return cls(*values)  # type: ignore[arg-type]  # the first three are always there


def enter_arguments(
    row: Row,
    policy: Policy,
    steps: list[tuple[CompiledStep, int]],
    excluded: dict[str, int],
) -> dict[str, Any]:
    """What `enter` takes, from a waiting contact's row."""
    arrival = milliseconds(row["arrived_at"])
    line = milliseconds(row["line_at"])
    ahead = int(row["head_start"].total_seconds() * 1000)
    # a message waits for its owner, and who has overflowed often enough stays
    stays = bool(row.get("due_at")) or (row.get("overflowed") or 0) >= OVERFLOWS_MOST
    leaves = Leaving(None, None) if stays else leaving(policy)
    prefer_until = None
    if row["prefer_agent_id"] is not None and policy.choice.prefer_seconds:
        prefer_until = line + policy.choice.prefer_seconds * 1000
    way = Way(
        line,
        arrival - ahead,
        policy.offer_ms(row["channel"]),
        leaves.after_ms,
        leaves.alone_ms,
        prefer_until,
    )
    arguments = {
        "contact": row["id"],
        "gen": row["generation"],
        "queue": row["queue_id"],
        "channel": row["channel"],
        "role": row["role"],
        "arrival": str(arrival),
        "way": way.text(),
        "steps": steps_text(policy, steps, ahead),
    }
    if row["prefer_agent_id"] is not None:
        arguments["prefer"] = row["prefer_agent_id"]
    if excluded:
        arguments["excluded"] = excluded
    return arguments


def excluded_in(fields: Mapping[str, str]) -> dict[str, str]:
    """Agents who are not asked for a live contact until then (ms), as `_lines.lua` keeps it."""
    texts = fields.get("excluded", "").split()
    return dict(zip(texts[::2], texts[1::2], strict=True))


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
        # whoever hears a message answers nobody who waited for it
        "answered": None
        if contact.get("due_at")
        else {
            "day": day.isoformat(),
            "wait_ms": waited,
            "within": int(waited <= policy.target.seconds * 1000),
        },
    }
