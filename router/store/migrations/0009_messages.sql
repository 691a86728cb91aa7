-- Messages have figures of their own, and are no answered contacts of the day; what is asked of legs
-- and of presence by one handling or agent finds it without reading the whole past.

create index leg_handling on leg (handling_id) where handling_id is not null;
create index presence_span_declined on presence_span (agent_id, began_at) where presence = 'break' and reason = 'declined';

create table message_left (
    contact_id uuid primary key references contact,
    workspace_id uuid not null references workspace,
    queue_id uuid not null references queue,
    channel text not null,
    left_at timestamptz not null default now(),
    due_at timestamptz not null
);
create index message_left_recent on message_left (workspace_id, left_at);
create index message_left_due on message_left (workspace_id, due_at);

-- the line that was left for a message has its queue; who came out of hours was in none
insert into message_left (contact_id, workspace_id, queue_id, channel, left_at, due_at)
select c.id, c.workspace_id, coalesce(l.queue_id, c.queue_id), c.channel, e.at, c.due_at
from contact c
join lateral (select min(at) as at from contact_event
  where contact_id = c.id and kind = 'voicemail') e on e.at is not null
left join lateral (select queue_id from line_left
  where contact_id = c.id and left_at = e.at limit 1) l on true
where c.due_at is not null;

alter table statistics_interval
    add column left_message bigint not null default 0,
    add column messages bigint not null default 0,
    add column messages_answered bigint not null default 0,
    add column messages_in_time bigint not null default 0,
    add column messages_overdue bigint not null default 0,
    add column messages_answer_ms bigint not null default 0;
-- where there are messages, the past is counted anew
delete from statistics_progress p
where exists (select from message_left m where m.workspace_id = p.workspace_id);

-- The fence of an accept (router/channels/offers.py). No row: the contact went on, or the agent's
-- hands are full. p_blocks: channels that a busy one blocks, where the workspace says nothing.
create or replace function contact_accept(
    p_workspace uuid, p_agent uuid, p_contact uuid, p_offer text, p_generation bigint,
    p_made_ms float8, p_why jsonb, p_blocks jsonb, p_target_s int
) returns table (taken contact, hand handling, operation bigint, older bigint[], arguments jsonb)
language plpgsql as $$
declare
    a record;
    rules record;
    held record;
    waited bigint;
    voice boolean;
    message boolean;
begin
    select * into taken from contact c
    where c.id = p_contact and c.workspace_id = p_workspace and c.state = 'waiting'
      and c.generation = p_generation
    for no key update;
    if not found then return; end if;
    select g.capacity, g.tier, n.name into a from agent g join account n on n.id = g.id
    where g.id = p_agent and g.workspace_id = p_workspace for no key update of g;
    if not found then return; end if;
    select q.policy #>> '{target,seconds}' as target_s, w.time_zone,
      coalesce(w.policy->'blocks', '{}') as blocks into rules
    from queue q join workspace w on w.id = q.workspace_id where q.id = taken.queue_id;
    -- the scripts apply the same rule: has_room in _agents.lua
    select count(*) filter (where h.channel = taken.channel) as same, count(*) as every,
      coalesce(bool_or(h.channel <> taken.channel
        and coalesce(rules.blocks->h.channel, p_blocks->h.channel) ? taken.channel), false) as blocked
    into held from handling h where h.agent_id = p_agent and h.state <> 'done';
    if held.same >= coalesce((a.capacity->>taken.channel)::int, 0) or held.blocked
      or held.every >= (a.capacity->>'all')::int
    then return; end if;

    -- a message is heard, not connected, until somebody calls back
    message := taken.due_at is not null and taken.callback_to is null;
    voice := taken.channel = 'voice' and not message;
    update contact c set state = 'handling', generation = c.generation + 1,
      prefer_agent_id = null, last_seq = c.last_seq + case when voice then 0 else 1 end
    where c.id = p_contact returning * into taken;
    insert into handling (workspace_id, contact_id, agent_id, offer_id, channel, queue_id, line_at,
      state, accepted_at, connected_at, tier, estimate_s, estimated_at)
    values (p_workspace, p_contact, p_agent, p_offer, taken.channel, taken.queue_id, taken.line_at,
      case when voice then 'connecting' else 'active' end, clock_timestamp(),
      case when voice or message then null else clock_timestamp() end, a.tier, taken.estimate_s,
      taken.estimated_at)
    returning * into hand;
    insert into offer (id, workspace_id, contact_id, agent_id, outcome, made_at, queue_id, channel,
      tier, why)
    values (p_offer, p_workspace, p_contact, p_agent, 'accepted',
      to_timestamp(p_made_ms / 1000), taken.queue_id, taken.channel, a.tier, p_why)
    on conflict (id) do update set outcome = 'accepted', at = now();
    if not voice then
        insert into contact_event (contact_id, seq, workspace_id, kind, author, author_id, data)
        values (p_contact, taken.last_seq, p_workspace, 'joined', 'agent', p_agent,
          jsonb_build_object('name', a.name));
    end if;
    waited := greatest(0, milliseconds(hand.accepted_at) - milliseconds(hand.line_at));
    arguments := jsonb_build_object('contact', p_contact, 'gen', taken.generation,
      'offer', p_offer, 'agent', p_agent, 'channel', taken.channel, 'queue', taken.queue_id,
      'role', taken.role, 'arrival_ms', milliseconds(taken.arrived_at), 'wrapup', false,
      -- whoever hears a message answers nobody who waited for it
      'answered', case when taken.due_at is null then
        jsonb_build_object('day', (hand.accepted_at at time zone rules.time_zone)::date,
          'wait_ms', waited,
          'within', (waited <= coalesce(rules.target_s::int, p_target_s) * 1000)::int) end);
    select put.id, put.older into operation, older
    from outbox_put(p_workspace, p_contact, 'hold', arguments, p_generation) put;
    return next;
end $$;
