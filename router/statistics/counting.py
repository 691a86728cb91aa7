"""The one statement that counts the truth's rows into intervals.

Each row counts once, in the interval of its own event's time; time (of handlings and presence)
counts in each interval as far as it lies in it. Nothing is added to what was counted before: an
interval is counted anew as a whole, so that a repeat, a replay and a restart give the same rows.

$1 workspace; $2, $3 the window, from and until (multiples of the interval); $4 the time now,
where what goes on ends for the moment.
"""

from __future__ import annotations

from collections.abc import Mapping

from router.statistics.definitions import HELD_MS, HELD_SHARE, INTERVAL_S, LONGEST, NAMES

_KEY = ("queue_id", "channel", "agent_id", "tier")
_DIMENSIONS = dict(zip(("queue", "channel", "agent", "tier"), _KEY, strict=True))


def _at(time: str) -> str:
    """The beginning of the interval that a time lies in."""
    return f"date_bin('{INTERVAL_S} seconds', {time}, '2000-01-01 00:00:00+00')"


def _ms(duration: str) -> str:
    return f"(extract(epoch from {duration}) * 1000)::bigint"


def _facts(source: str, time: str, counts: Mapping[str, str], *, key: str = ", ".join(_KEY)) -> str:
    """Rows of what `source` counts at `time`; what is not named is 0."""
    values = ", ".join(f"{counts.get(name, '0')}::bigint" for name in NAMES)
    return f"select {_at(time)}, {key}, {values} from {source}"


# What may lie in the window: handlings that are not over, or were not when it began. Those that
# began after it, too, if the contact entered its line before its end.
_TOUCHED = """
  select * from handling where workspace_id = $1 and state = 'done'
    and done_at >= $2 and line_at < $3
  union all
  select * from handling where workspace_id = $1 and state <> 'done' and line_at < $3
"""

# From being put in line until being connected, leaving, or being moved: each wait once. An agent
# who was lost in the middle of a conversation begins another one.
_STAYS = """
  select h.queue_id, h.channel,
    case when h.connected_at is not null then h.agent_id end as agent_id,
    case when h.connected_at is not null then h.tier end as tier,
    greatest(h.line_at, lost.at) as entered_at,
    case when h.connected_at is not null then h.connected_at
         when h.state = 'done' then h.ended_at end as left_at,
    case when h.connected_at is not null then 'answered'
         when h.state <> 'done' then null
         -- ended while the agent's leg was on its way; else a callback that was not picked up
         when c.outcome = 'abandoned' and c.ended_at <= h.ended_at then 'abandoned'
         else 'left' end as how,
    h.estimate_s, h.estimated_at
  from touched h
  left join lateral (select max(p.ended_at) as at from handling p where p.contact_id = h.contact_id
    and p.ending = 'lost' and p.connected_at is not null and p.ended_at <= h.accepted_at) lost
    on true
  left join contact c on h.connected_at is null and h.state = 'done' and c.id = h.contact_id
  -- those two keep waiting: the stay is the next handling's, or the contact's
  where h.connected_at is not null or h.ending is null or h.ending not in ('no_connect', 'lost')
  union all
  select c.queue_id, c.channel, null, null, greatest(c.line_at, lost.at), c.ended_at,
    case when c.state = 'waiting' then null when c.outcome = 'abandoned' then 'abandoned'
         else 'left' end, null, null
  from (
    select id, queue_id, channel, state, outcome, line_at, ended_at from contact
      where workspace_id = $1 and state = 'waiting' and line_at < $3
    union all
    select id, queue_id, channel, state, outcome, line_at, ended_at from contact
      where workspace_id = $1 and state = 'ended' and ended_at >= $2 and line_at < $3
  ) c
  left join lateral (select max(p.ended_at) as at from handling p where p.contact_id = c.id
    and p.ending = 'lost' and p.connected_at is not null) lost on true
  where c.state = 'waiting'
    -- ended in an agent's hands
    or (not exists (select from touched h where h.contact_id = c.id and h.ended_at >= c.ended_at)
    -- or out of line, between two tries of a callback
    and not exists (select from touched h where h.contact_id = c.id and h.line_at = c.line_at
      and h.connected_at is null and h.ending = 'abandoned'))
  union all
  select l.queue_id, l.channel, null, null, greatest(l.line_at, lost.at), l.left_at, 'left',
    null, null
  from line_left l
  left join lateral (select max(p.ended_at) as at from handling p where p.contact_id = l.contact_id
    and p.ending = 'lost' and p.connected_at is not null and p.ended_at <= l.left_at) lost on true
  where l.workspace_id = $1 and l.left_at >= $2 and l.line_at < $3
"""

_LEFT = f"""
  select s.*, {_ms("s.left_at - s.entered_at")} as waited, t.seconds, t.short_seconds,
    {_ms("s.left_at - s.estimated_at")} as came,
    case when s.how = 'answered' and s.estimated_at between s.entered_at and s.left_at
      then s.estimate_s * 1000::bigint end as told
  from stays s join targets t on t.queue_id = s.queue_id
    and s.left_at >= t.from_at and s.left_at < t.until_at
  where s.left_at >= $2 and s.left_at < $3
"""

# Time of handlings and of presence, cut at the bounds of each interval.
_HANDLED_IN = """
  select b.starts_at, h.queue_id, h.channel, h.agent_id, h.tier,
    tstzrange(greatest(h.accepted_at, b.starts_at),
      least(coalesce(h.done_at, $4), b.ends_at)) as during
  from touched h join bounds b
    on h.accepted_at < b.ends_at and coalesce(h.done_at, $4) > b.starts_at
  where h.accepted_at < $4
"""
_PRESENT_IN = """
  select b.starts_at, p.agent_id, p.tier, p.presence,
    tstzrange(greatest(p.began_at, b.starts_at),
      least(coalesce(p.ended_at, $4), b.ends_at)) as during
  from (
    select * from presence_span where workspace_id = $1 and ended_at is null and began_at < $3
    union all
    select * from presence_span where workspace_id = $1 and ended_at > $2 and began_at < $3
  ) p join bounds b on p.began_at < b.ends_at and coalesce(p.ended_at, $4) > b.starts_at
  where p.began_at < $4
"""
# Several handlings at once are one busy agent: ranges are united before they are measured.
_AGENTS_IN = """
  select starts_at, agent_id, tier,
    range_agg(during) filter (where what = 'busy') as busy,
    range_agg(during) filter (where what <> 'break') as staffed,
    range_agg(during) as signed_in
  from (
    select starts_at, agent_id, tier, during, 'busy' as what from handled_in
    union all
    select starts_at, agent_id, tier, during, presence from present_in
  ) times group by 1, 2, 3
"""


def _length(ranges: str) -> str:
    return (
        f"coalesce((select sum({_ms('upper(r) - lower(r)')}) from unnest({ranges}) r"
        " where not isempty(r)), 0)"
    )


_ALL_FACTS = "\n union all ".join(
    (
        _facts(
            "stays where entered_at >= $2 and entered_at < $3",
            "entered_at",
            {"entered": "1"},
            # whoever enters a line has no agent yet
            key="queue_id, channel, null::uuid, null::smallint",
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
                "left_otherwise": "(how = 'left')::int",
                "estimates": "(told is not null)::int",
                "estimates_held": (
                    f"coalesce(abs(told - came) <= greatest({HELD_MS}, {HELD_SHARE} * came),"
                    " false)::int"
                ),
                "estimate_error_ms": "coalesce(told - came, 0)",
                "estimate_absolute_error_ms": "coalesce(abs(told - came), 0)",
            },
        ),
        _facts(
            "touched where state = 'done' and done_at >= $2 and done_at < $3",
            "done_at",
            {
                "handled": "(connected_at is not null)::int",
                "not_connected": "(connected_at is null)::int",
                "connecting_ms": f"coalesce({_ms('connected_at - accepted_at')}, 0)",
                "conversation_ms": f"coalesce({_ms('ended_at - connected_at')}, 0)",
                "wrap_up_ms": (
                    f"case when connected_at is null then 0 else {_ms('done_at - ended_at')} end"
                ),
            },
        ),
        _facts(
            "offer where workspace_id = $1 and at >= $2 and at < $3",
            "at",
            {
                f"offers_{outcome}": f"(outcome = '{outcome}')::int"
                for outcome in ("accepted", "declined", "missed", "withdrawn")
            },
        ),
        _facts("handled_in", "starts_at", {"handling_ms": _ms("upper(during) - lower(during)")}),
        _facts(
            "agents_in",
            "starts_at",
            {
                "busy_ms": _length("busy"),
                "staffed_ms": _length("staffed"),
                "signed_in_ms": _length("signed_in"),
            },
            key="null::uuid, null::text, agent_id, tier",
        ),
    )
)

_TOTALS = ", ".join(
    f"{'max' if name == LONGEST else 'sum'}({name})::bigint as {name}" for name in NAMES
)
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
  select queue_id, from_at, seconds, short_seconds,
    lead(from_at, 1, 'infinity') over (partition by queue_id order by from_at) as until_at
  from queue_target where workspace_id = $1
), touched as materialized ({_TOUCHED}
), stays as materialized ({_STAYS}
), left_line as ({_LEFT}
), handled_in as materialized ({_HANDLED_IN}
), present_in as ({_PRESENT_IN}
), agents_in as ({_AGENTS_IN}
), facts (starts_at, {", ".join(_KEY)}, {_NAMES}) as ({_ALL_FACTS}
), fine as (
  select starts_at, {", ".join(_KEY)}, {_TOTALS} from facts group by starts_at, {", ".join(_KEY)}
), counted as materialized (
  select case {_WHOSE} else 'all' end as dimension,
    coalesce(queue_id::text, channel, agent_id::text, tier::text, '') as subject,
    starts_at, {_TOTALS}
  from fine
  group by starts_at, grouping sets ((), {", ".join(f"({column})" for column in _KEY)})
  having grouping({", ".join(_KEY)}) = {2 ** len(_KEY) - 1}
    or coalesce(queue_id::text, channel, agent_id::text, tier::text) is not null
), gone as (
  delete from statistics_interval i
  where i.workspace_id = $1 and i.starts_at >= $2 and i.starts_at < $3
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
