"""What is counted: stays in line, messages, handlings and presence, as the truth's rows tell them.

Each is a part of the statement in counting.py, with its parameters: $1 workspace; $2, $3 the
window, from and until; $4 the time now. None reads more of the past than the window asks for.

What belongs to one contact is read by its id (a lateral part with a limit, or one that sums): rows
that came since the tables were analysed last are none to the planner, and it would loop over all of
them for each.
"""

from __future__ import annotations


def ms(duration: str) -> str:
    """A time that lasts, in SQL, as whole milliseconds."""
    return f"(extract(epoch from {duration}) * 1000)::bigint"


# What may lie in the window: handlings that are not over, or were not when it began. Those that
# began after it, too, if the contact entered its line before its end.
TOUCHED = """
  select h.*, m.left_at is not null and h.line_at >= m.left_at as of_message
  from (
    select contact_id, queue_id, channel, agent_id, tier, state, line_at, accepted_at,
      connected_at, ended_at, done_at, ending, estimate_s, estimated_at
    from handling where workspace_id = $1 and state = 'done' and done_at >= $2 and line_at < $3
    union all
    select contact_id, queue_id, channel, agent_id, tier, state, line_at, accepted_at,
      connected_at, ended_at, done_at, ending, estimate_s, estimated_at
    from handling where workspace_id = $1 and state <> 'done' and line_at < $3
  ) h
  left join lateral (select left_at from message_left where contact_id = h.contact_id limit 1) m
    on true
"""

# From being put in line until being connected, leaving, or being moved: each wait once. An agent
# who was lost in the middle of a conversation begins another one. A message that a caller left is
# work in line, not somebody who waits: since it was left, its stays are none.
STAYS = """
  select h.queue_id, h.channel, h.agent_id, h.tier, greatest(h.line_at, lost.at) as entered_at,
    h.connected_at as left_at, 'answered' as how, h.estimate_s, h.estimated_at
  from touched h
  left join lateral (select max(p.ended_at) as at from handling p where p.contact_id = h.contact_id
    and p.ending = 'lost' and p.connected_at is not null and p.ended_at <= h.accepted_at) lost
    on true
  where h.connected_at is not null and not h.of_message
  union all
  select h.queue_id, h.channel, null, null, greatest(h.line_at, lost.at),
    case when h.state = 'done' then h.ended_at end,
    case when h.state <> 'done' then null
         -- ended while the agent's leg was on its way; else a callback that was not picked up
         when c.outcome = 'abandoned' and c.ended_at <= h.ended_at then 'abandoned'
         else 'left' end, null, null
  from touched h
  join lateral (select outcome, ended_at from contact where id = h.contact_id limit 1) c on true
  left join lateral (select max(p.ended_at) as at from handling p where p.contact_id = h.contact_id
    and p.ending = 'lost' and p.connected_at is not null and p.ended_at <= h.accepted_at) lost
    on true
  -- after the other two endings it waits on: the stay is the next handling's, or the contact's
  where h.connected_at is null and (h.ending is null or h.ending not in ('no_connect', 'lost'))
    and not h.of_message
  union all
  select c.queue_id, c.channel, null, null, greatest(c.line_at, lost.at), null, null, null, null
  from contact c
  left join lateral (select left_at from message_left where contact_id = c.id limit 1) m on true
  left join lateral (select max(p.ended_at) as at from handling p where p.contact_id = c.id
    and p.ending = 'lost' and p.connected_at is not null) lost on true
  where c.workspace_id = $1 and c.state = 'waiting' and c.line_at < $3
    and (m.left_at is null or c.line_at < m.left_at)
  union all
  select c.queue_id, c.channel, null, null, greatest(c.line_at, lost.at), c.ended_at,
    case when c.outcome = 'abandoned' then 'abandoned' else 'left' end, null, null
  from contact c
  left join lateral (select left_at from message_left where contact_id = c.id limit 1) m on true
  left join lateral (select max(p.ended_at) as at from handling p where p.contact_id = c.id
    and p.ending = 'lost' and p.connected_at is not null) lost on true
  where c.workspace_id = $1 and c.state = 'ended' and c.ended_at >= $2 and c.line_at < $3
    and (m.left_at is null or c.line_at < m.left_at)
    -- not those that ended in an agent's hands, nor out of line between two tries of a callback
    and not coalesce((select bool_or(h.ended_at >= c.ended_at
        or (h.line_at = c.line_at and h.connected_at is null and h.ending = 'abandoned'))
      from handling h where h.contact_id = c.id), false)
  union all
  select l.queue_id, l.channel, null, null, greatest(l.line_at, lost.at), l.left_at,
    case when m.left_at = l.left_at then 'message' else 'left' end, null, null
  from line_left l
  left join lateral (select left_at from message_left where contact_id = l.contact_id limit 1) m
    on true
  left join lateral (select max(p.ended_at) as at from handling p where p.contact_id = l.contact_id
    and p.ending = 'lost' and p.connected_at is not null and p.ended_at <= l.left_at) lost on true
  where l.workspace_id = $1 and l.left_at >= $2 and l.line_at < $3
    and (m.left_at is null or l.line_at < m.left_at)
"""

LEFT = f"""
  select s.*, {ms("s.left_at - s.entered_at")} as waited, t.seconds, t.short_seconds,
    {ms("s.left_at - s.estimated_at")} as came,
    case when s.how = 'answered' and s.estimated_at between s.entered_at and s.left_at
      then s.estimate_s * 1000::bigint end as told
  from stays s join targets t on t.queue_id = s.queue_id
    and s.left_at >= t.from_at and s.left_at < t.until_at
  where s.left_at >= $2 and s.left_at < $3
"""

# Messages that somebody has dealt with, by who had them last; a supervisor who closes one, or a
# person who takes it back, has not.
MESSAGES_ANSWERED = f"""
  select m.queue_id, m.channel, h.agent_id, h.tier, c.ended_at as at,
    {ms("c.ended_at - m.left_at")} as after, c.ended_at <= m.due_at as in_time
  from contact c
  join lateral (select * from message_left where contact_id = c.id limit 1) m on true
  left join lateral (select agent_id, tier from handling where contact_id = c.id
    order by accepted_at desc limit 1) h on true
  where c.workspace_id = $1 and c.state = 'ended' and c.ended_at >= $2 and c.ended_at < $3
    and c.due_at is not null and c.outcome in ('completed', 'voicemail', 'unreachable', 'merged')
"""
MESSAGES_OVERDUE = """
  select m.queue_id, m.channel, m.due_at as at
  from message_left m
  join lateral (select ended_at from contact where id = m.contact_id limit 1) c on true
  where m.workspace_id = $1 and m.due_at >= $2 and m.due_at < least($3, $4)
    and (c.ended_at is null or c.ended_at > m.due_at)
"""

# Time of handlings and of presence, cut at the bounds of each interval.
HANDLED_IN = """
  select b.starts_at, h.queue_id, h.channel, h.agent_id, h.tier,
    tstzrange(greatest(h.accepted_at, b.starts_at),
      least(coalesce(h.done_at, $4), b.ends_at)) as during
  from touched h join bounds b
    on h.accepted_at < b.ends_at and coalesce(h.done_at, $4) > b.starts_at
  where h.accepted_at < $4
"""
PRESENT_IN = """
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
AGENTS_IN = """
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
