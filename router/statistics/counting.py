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

_KEY = {"queue_id": "uuid", "channel": "text", "agent_id": "uuid", "tier": "smallint"}
_DIMENSIONS = dict(zip(("queue", "channel", "agent", "tier"), _KEY, strict=True))
_WHOLE_KEY = {name: name for name in _KEY}


def _at(time: str) -> str:
    """The beginning of the interval that a time lies in."""
    return f"date_bin('{INTERVAL_S} seconds', {time}, '2000-01-01 00:00:00+00')"


def _ms(duration: str) -> str:
    return f"(extract(epoch from {duration}) * 1000)::bigint"


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


# What may lie in the window: handlings that are not over, or were not when it began. Those that
# began after it, too, if the contact entered its line before its end.
_TOUCHED = """
  select contact_id, queue_id, channel, agent_id, tier, state, line_at, accepted_at, connected_at,
    ended_at, done_at, ending, estimate_s, estimated_at
  from handling where workspace_id = $1 and state = 'done' and done_at >= $2 and line_at < $3
  union all
  select contact_id, queue_id, channel, agent_id, tier, state, line_at, accepted_at, connected_at,
    ended_at, done_at, ending, estimate_s, estimated_at
  from handling where workspace_id = $1 and state <> 'done' and line_at < $3
"""

# A message that a caller left is work in line, not somebody who waits: since it was left, its
# stays are none.
_MESSAGES = """
  select c.id, (select min(e.at) from contact_event e
    where e.contact_id = c.id and e.kind = 'voicemail') as since
  from (
    select id from contact
      where workspace_id = $1 and state <> 'ended' and due_at is not null
    union all
    select id from contact
      where workspace_id = $1 and state = 'ended' and ended_at >= $2 and due_at is not null
  ) c
"""

# From being put in line until being connected, leaving, or being moved: each wait once. An agent
# who was lost in the middle of a conversation begins another one.
_STAYS = """
  select h.queue_id, h.channel, h.agent_id, h.tier, greatest(h.line_at, lost.at) as entered_at,
    h.connected_at as left_at, 'answered' as how, h.estimate_s, h.estimated_at
  from touched h left join messages m on m.id = h.contact_id
  left join lateral (select max(p.ended_at) as at from handling p where p.contact_id = h.contact_id
    and p.ending = 'lost' and p.connected_at is not null and p.ended_at <= h.accepted_at) lost
    on true
  where h.connected_at is not null and (m.since is null or h.line_at < m.since)
  union all
  select h.queue_id, h.channel, null, null, greatest(h.line_at, lost.at),
    case when h.state = 'done' then h.ended_at end,
    case when h.state <> 'done' then null
         -- ended while the agent's leg was on its way; else a callback that was not picked up
         when c.outcome = 'abandoned' and c.ended_at <= h.ended_at then 'abandoned'
         else 'left' end, null, null
  from touched h join contact c on c.id = h.contact_id left join messages m on m.id = c.id
  left join lateral (select max(p.ended_at) as at from handling p where p.contact_id = h.contact_id
    and p.ending = 'lost' and p.connected_at is not null and p.ended_at <= h.accepted_at) lost
    on true
  -- after the other two endings it waits on: the stay is the next handling's, or the contact's
  where h.connected_at is null and (h.ending is null or h.ending not in ('no_connect', 'lost'))
    and (m.since is null or h.line_at < m.since)
  union all
  select c.queue_id, c.channel, null, null, greatest(c.line_at, lost.at), null, null, null, null
  from contact c left join messages m on m.id = c.id
  left join lateral (select max(p.ended_at) as at from handling p where p.contact_id = c.id
    and p.ending = 'lost' and p.connected_at is not null) lost on true
  where c.workspace_id = $1 and c.state = 'waiting' and c.line_at < $3
    and (m.since is null or c.line_at < m.since)
  union all
  select c.queue_id, c.channel, null, null, greatest(c.line_at, lost.at), c.ended_at,
    case when c.outcome = 'abandoned' then 'abandoned' else 'left' end, null, null
  from contact c left join messages m on m.id = c.id
  left join lateral (select max(p.ended_at) as at from handling p where p.contact_id = c.id
    and p.ending = 'lost' and p.connected_at is not null) lost on true
  where c.workspace_id = $1 and c.state = 'ended' and c.ended_at >= $2 and c.line_at < $3
    and (m.since is null or c.line_at < m.since)
    -- not those that ended in an agent's hands, nor out of line between two tries of a callback
    and not exists (select from touched h where h.contact_id = c.id and (h.ended_at >= c.ended_at
      or (h.line_at = c.line_at and h.connected_at is null and h.ending = 'abandoned')))
  union all
  select l.queue_id, l.channel, null, null, greatest(l.line_at, lost.at), l.left_at, 'left',
    null, null
  from line_left l left join messages m on m.id = l.contact_id
  left join lateral (select max(p.ended_at) as at from handling p where p.contact_id = l.contact_id
    and p.ending = 'lost' and p.connected_at is not null and p.ended_at <= l.left_at) lost on true
  where l.workspace_id = $1 and l.left_at >= $2 and l.line_at < $3
    and (m.since is null or l.line_at < m.since)
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
                "not_connected": "(connected_at is null)::int",
                "connecting_ms": f"coalesce({_ms('connected_at - accepted_at')}, 0)",
                "conversation_ms": f"coalesce({_ms('ended_at - connected_at')}, 0)",
                "wrap_up_ms": (
                    f"case when connected_at is null then 0 else {_ms('done_at - ended_at')} end"
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
            "handled_in",
            "starts_at",
            {"handling_ms": _ms("upper(during) - lower(during)")},
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
), touched as materialized ({_TOUCHED}
), messages as materialized ({_MESSAGES}
), stays as materialized ({_STAYS}
), left_line as ({_LEFT}
), handled_in as materialized ({_HANDLED_IN}
), present_in as ({_PRESENT_IN}
), agents_in as ({_AGENTS_IN}
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
