"""The one statement that counts the truth's rows into intervals.

Each row counts once, in the interval of its own event's time; time (of handlings and presence)
counts in each interval as far as it lies in it. Nothing is added to what was counted before: an
interval is counted anew as a whole, so that a repeat, a replay and a restart give the same rows.

$1 workspace; $2, $3 the window, from and until (multiples of the interval); $4 the time now,
where what goes on ends for the moment; $5 to $9 the targets of queues as arrays: queue, from
when, until when, seconds, seconds of a short wait. (Arrays, for the planner takes a table of
few rows that was never analysed for one of a single row, and loops over all the rest.)
"""

from __future__ import annotations

from collections.abc import Mapping

from router.statistics.definitions import HELD_MS, HELD_SHARE, INTERVAL_S, LONGEST, NAMES
from router.statistics.sources import (
    AGENTS_IN,
    HANDLED_IN,
    LEFT,
    MESSAGES_ANSWERED,
    MESSAGES_OVERDUE,
    PRESENT_IN,
    STAYS,
    TOUCHED,
    ms,
)

_KEY = {"queue_id": "uuid", "channel": "text", "agent_id": "uuid", "tier": "smallint"}
_DIMENSIONS = dict(zip(("queue", "channel", "agent", "tier"), _KEY, strict=True))
_WHOLE_KEY = {name: name for name in _KEY}


def _at(time: str) -> str:
    """The beginning of the interval that a time lies in."""
    return f"date_bin('{INTERVAL_S} seconds', {time}, '2000-01-01 00:00:00+00')"


def _total(name: str, value: str) -> str:
    return f"{'max' if name == LONGEST else 'sum'}({value})::bigint as {name}"


def _facts(source: str, time: str, counts: Mapping[str, str], *, key: Mapping[str, str]) -> str:
    """Sums of what `source` counts at `time` for each of the key; what is not named is 0.

    Each source is summed by itself before all are put together: rows stay few and narrow.
    """
    values = ", ".join(name if name in counts else "0::bigint" for name in NAMES)
    keys = ", ".join(f"{value} as {name}" for name, value in key.items())
    sums = ", ".join(_total(name, value) for name, value in counts.items())
    columns = ", ".join(name if name in key else f"null::{_KEY[name]}" for name in _KEY)
    return f"""
  select starts_at, {columns}, {values} from (
    select {_at(time)} as starts_at, {keys}, {sums} from {source}
    group by 1, {", ".join(str(n + 2) for n in range(len(key)))}) summed"""


def _length(ranges: str) -> str:
    return (
        f"coalesce((select sum({ms('upper(r) - lower(r)')}) from unnest({ranges}) r"
        " where not isempty(r)), 0)"
    )


_ALL_FACTS = "\n union all ".join(
    (
        _facts(
            "stays where entered_at >= $2 and entered_at < $3",
            "entered_at",
            {"entered": "1"},
            # whoever enters a line has no agent yet
            key={"queue_id": "queue_id", "channel": "channel"},
        ),
        _facts(
            "left_line",
            "left_at",
            {
                "answered": "(how = 'answered')::int",
                "answered_within": "(how = 'answered' and waited <= seconds * 1000::bigint)::int",
                "wait_ms": "case when how = 'answered' then waited else 0 end",
                "longest_wait_ms": "waited",
                "abandoned": "(how = 'abandoned')::int",
                "abandoned_short": (
                    "(how = 'abandoned' and waited < short_seconds * 1000::bigint)::int"
                ),
                "abandoned_wait_ms": "case when how = 'abandoned' then waited else 0 end",
                "left_message": "(how = 'message')::int",
                "left_otherwise": "(how = 'left')::int",
                "estimates": "(told is not null)::int",
                "estimates_held": (
                    f"coalesce(abs(told - came) <= greatest({HELD_MS}, {HELD_SHARE} * came),"
                    " false)::int"
                ),
                "estimate_error_ms": "coalesce(told - came, 0)",
                "estimate_absolute_error_ms": "coalesce(abs(told - came), 0)",
            },
            key=_WHOLE_KEY,
        ),
        _facts(
            "touched where state = 'done' and done_at >= $2 and done_at < $3",
            "done_at",
            {
                "handled": "(connected_at is not null)::int",
                "not_connected": "(connected_at is null and not of_message)::int",
                "connecting_ms": f"coalesce({ms('connected_at - accepted_at')}, 0)",
                "conversation_ms": f"coalesce({ms('ended_at - connected_at')}, 0)",
                "wrap_up_ms": (
                    f"case when connected_at is null then 0 else {ms('done_at - ended_at')} end"
                ),
            },
            key=_WHOLE_KEY,
        ),
        _facts(
            "offer where workspace_id = $1 and at >= $2 and at < $3",
            "at",
            {
                f"offers_{outcome}": f"(outcome = '{outcome}')::int"
                for outcome in ("accepted", "declined", "missed", "withdrawn")
            },
            key=_WHOLE_KEY,
        ),
        _facts(
            "message_left where workspace_id = $1 and left_at >= $2 and left_at < $3",
            "left_at",
            {"messages": "1"},
            key={"queue_id": "queue_id", "channel": "channel"},
        ),
        _facts(
            "messages_answered",
            "at",
            {
                "messages_answered": "1",
                "messages_in_time": "in_time::int",
                "messages_answer_ms": "after",
            },
            key=_WHOLE_KEY,
        ),
        _facts(
            "messages_overdue",
            "at",
            {"messages_overdue": "1"},
            key={"queue_id": "queue_id", "channel": "channel"},
        ),
        _facts(
            "handled_in",
            "starts_at",
            {"handling_ms": ms("upper(during) - lower(during)")},
            key=_WHOLE_KEY,
        ),
        _facts(
            "agents_in",
            "starts_at",
            {
                "busy_ms": _length("busy"),
                "staffed_ms": _length("staffed"),
                "signed_in_ms": _length("signed_in"),
            },
            key={"agent_id": "agent_id", "tier": "tier"},
        ),
    )
)

_TOTALS = ", ".join(_total(name, name) for name in NAMES)
_NAMES = ", ".join(NAMES)
_WHOSE = " ".join(
    f"when grouping({column}) = 0 then '{dimension}'" for dimension, column in _DIMENSIONS.items()
)

COUNT = f"""
with bounds as (
  select starts_at, starts_at + interval '{INTERVAL_S} seconds' as ends_at
  from generate_series($2::timestamptz, $3::timestamptz - interval '{INTERVAL_S} seconds',
    interval '{INTERVAL_S} seconds') starts_at
), targets as (
  select * from unnest($5::uuid[], $6::timestamptz[], $7::timestamptz[], $8::int[], $9::int[])
    as t (queue_id, from_at, until_at, seconds, short_seconds)
), touched as materialized ({TOUCHED}
), messages_answered as ({MESSAGES_ANSWERED}
), messages_overdue as ({MESSAGES_OVERDUE}
), stays as materialized ({STAYS}
), left_line as ({LEFT}
), handled_in as materialized ({HANDLED_IN}
), present_in as ({PRESENT_IN}
), agents_in as ({AGENTS_IN}
), facts (starts_at, {", ".join(_KEY)}, {_NAMES}) as ({_ALL_FACTS}
), counted as materialized (
  select case {_WHOSE} else 'all' end as dimension,
    coalesce(queue_id::text, channel, agent_id::text, tier::text, '') as subject,
    starts_at, {_TOTALS}
  from facts
  group by starts_at, grouping sets ((), {", ".join(f"({column})" for column in _KEY)})
  having grouping({", ".join(_KEY)}) = {2 ** len(_KEY) - 1}
    or coalesce(queue_id::text, channel, agent_id::text, tier::text) is not null
), gone as (
  delete from statistics_interval i
  -- each of the few by name, for the index
  where i.workspace_id = $1 and i.dimension = any ('{{all,queue,agent,tier,channel}}')
    and i.starts_at >= $2 and i.starts_at < $3
    and not exists (select from counted c where (c.dimension, c.subject, c.starts_at)
      = (i.dimension, i.subject, i.starts_at))
)
insert into statistics_interval as i (workspace_id, dimension, subject, starts_at, {_NAMES})
select $1, dimension, subject, starts_at, {_NAMES} from counted
on conflict (workspace_id, dimension, subject, starts_at) do update
set {", ".join(f"{name} = excluded.{name}" for name in NAMES)}
where ({", ".join(f"i.{name}" for name in NAMES)})
  is distinct from ({", ".join(f"excluded.{name}" for name in NAMES)})
"""
