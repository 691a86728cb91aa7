-- What a contact's life asks for most, one call a verb: fewer round trips, the same rules.

-- The hot path: what every contact's life asks for, each verb one call and so one transaction. The
-- rules are Python's (router/channels, router/ratings); what is here is what needs a lock first.
-- Locks in the order of the docs: kinds, contact, handling, agent; none of them touches a key.

-- What the live store must hear, for the process that commits to run at once. older: operations of
-- the same subject that are still there; `enter` up to a generation that the store is known to hold
-- is not among them.
create function outbox_put(
    p_workspace uuid, p_subject uuid, p_operation text, p_arguments jsonb, p_held bigint,
    out id bigint, out older bigint[]
) language plpgsql as $$
begin
    select array_agg(o.id) into older from outbox o
    where o.subject = p_subject
      and not (o.operation = 'enter' and (o.arguments->>'gen')::bigint <= coalesce(p_held, 0));
    insert into outbox (workspace_id, subject, operation, arguments)
    values (p_workspace, p_subject, p_operation, p_arguments)
    returning outbox.id into id;
end $$;

-- Whole milliseconds since 1970, as the live store counts.
create function milliseconds(p_at timestamptz) returns bigint language sql immutable
return floor(extract(epoch from p_at) * 1000)::bigint;

-- The fence of an accept (router/channels/offers.py). No row: the contact went on, or the agent's
-- hands are full. p_blocks: channels that a busy one blocks, where the workspace says nothing.
create function contact_accept(
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
      'answered', jsonb_build_object('day', (hand.accepted_at at time zone rules.time_zone)::date,
        'wait_ms', waited,
        'within', (waited <= coalesce(rules.target_s::int, p_target_s) * 1000)::int));
    select put.id, put.older into operation, older
    from outbox_put(p_workspace, p_contact, 'hold', arguments, p_generation) put;
    return next;
end $$;

-- The terminal outcome (router/channels/contacts.py). verdict: none (no such contact), already
-- (it has ended), ended; and for an agent who ends it (p_hand): never (it was not theirs), over
-- (it is no more), unmet (they have not met the caller yet: hand says which handling).
-- p_wrap_up_s: where the queue's policy says nothing.
create function contact_end(
    p_workspace uuid, p_contact uuid, p_outcome text, p_by text, p_by_id uuid, p_hand uuid,
    p_wrap_up_s float8
) returns table (
    verdict text, ended contact, hand handling, operation bigint, older bigint[], arguments jsonb
)
language plpgsql as $$
declare
    rules record;
    before text;
begin
    select * into ended from contact c
    where c.id = p_contact and c.workspace_id = p_workspace for no key update;
    if not found then
        verdict := 'none';
        return next;
        return;
    end if;
    if p_hand is not null then
        select * into hand from handling h
        where h.workspace_id = p_workspace and h.contact_id = p_contact and h.agent_id = p_hand
        order by h.accepted_at desc limit 1;
        verdict := case when not found then 'never' when hand.state = 'connecting' then 'unmet'
          when hand.state <> 'active' then 'over' end;
        if verdict is not null then
            return next;
            return;
        end if;
    end if;
    if ended.state = 'ended' then
        verdict := 'already';
        return next;
        return;
    end if;
    before := ended.state;
    -- who ends a caller's message without a call has heard it
    if p_hand is not null and ended.channel = 'voice' and ended.due_at is not null
      and ended.callback_to is null
    then p_outcome := 'voicemail'; end if;
    select coalesce((q.policy->>'wrap_up_seconds')::float8, p_wrap_up_s) as wrap_up_s, w.time_zone
    into rules from queue q join workspace w on w.id = q.workspace_id where q.id = ended.queue_id;
    -- not now(), the transaction's begin: who waited for the lock comes after its holder
    update contact c set state = 'ended', generation = c.generation + 1, outcome = p_outcome,
      ended_by = p_by, ended_at = clock_timestamp(), last_seq = c.last_seq + 1
    where c.id = p_contact returning * into ended;
    update handling h set ended_at = clock_timestamp(),
      ending = case when h.state <> 'active' or p_outcome = 'abandoned' then 'abandoned'
        else 'completed' end,
      state = case when h.state = 'active' and rules.wrap_up_s > 0 then 'wrapup' else 'done' end,
      done_at = case when h.state = 'active' and rules.wrap_up_s > 0 then null
        else clock_timestamp() end,
      wrapup_limit = now() + make_interval(secs => rules.wrap_up_s)
    where h.contact_id = p_contact and h.state in ('connecting', 'active') returning * into hand;
    insert into contact_event (contact_id, seq, workspace_id, kind, author, author_id, data)
    values (p_contact, ended.last_seq, p_workspace, 'ended', p_by, p_by_id,
      jsonb_build_object('outcome', p_outcome, 'by', p_by));
    if p_by = 'supervisor' then
        insert into audit (workspace_id, account_id, action, subject)
        values (p_workspace, p_by_id, 'contact.close', p_contact::text);
    end if;
    arguments := jsonb_build_object('contact', p_contact, 'gen', ended.generation,
      'queue', ended.queue_id, 'outcome', p_outcome,
      'abandoned', case when p_outcome = 'abandoned' and before = 'waiting' then
        jsonb_build_object('day', (ended.ended_at at time zone rules.time_zone)::date) end,
      'frees', case when hand.state = 'done' then
        jsonb_build_object('agent', hand.agent_id, 'offer', hand.offer_id) end);
    verdict := 'ended';
    select put.id, put.older into operation, older
    from outbox_put(p_workspace, p_contact, 'close', arguments, null) put;
    return next;
end $$;

-- One side's word on a handling (router/ratings/store.py); what it means stays Python's. verdict:
-- none, secret (not the contact's), other (somebody else's handling), shut (not over yet, or the
-- time is), rated, revealed, given; slow: nothing was done, for the agent's class may change by
-- it. p_handling null: the contact's last one that is over. p_secret, p_agent: who must prove it.
create function rating_give(
    p_workspace uuid, p_contact uuid, p_handling uuid, p_direction text, p_secret bytea,
    p_agent uuid, p_stars smallint, p_comment text, p_window_hours int, p_newcomer int,
    p_prior_mean float8, p_prior_weight float8, p_borders float8[], p_margin float8
) returns table (
    verdict text, handling_id uuid, state text, connected_at timestamptz, ended_at timestamptz,
    at timestamptz
)
language plpgsql as $$
declare
    h record;
    g record;
    other record;
    figure float8;
    stars int;
begin
    if p_handling is null then
        select l.id into p_handling from handling l
        where l.workspace_id = p_workspace and l.contact_id = p_contact
          and l.connected_at is not null and l.ended_at is not null
        order by l.accepted_at desc limit 1;
    end if;
    select l.*, c.person_id, c.secret_hash, now() + make_interval(hours =>
        -coalesce((w.policy #>> '{ratings,window_hours}')::int, p_window_hours)) as since,
      coalesce((w.policy->>'newcomer_ratings')::int, p_newcomer) as newcomer
    into h
    from handling l join contact c on c.id = l.contact_id join workspace w on w.id = l.workspace_id
    where l.id = p_handling and l.workspace_id = p_workspace
      and (p_contact is null or l.contact_id = p_contact)
    -- the handling's row is the lock: of two ratings at once, the second finds the first
    for no key update of l;
    handling_id := h.id;
    state := h.state;
    connected_at := h.connected_at;
    ended_at := h.ended_at;
    at := now();
    select r.direction, r.stars, r.revealed_at into other from rating r
    where r.handling_id = h.id order by r.direction = p_direction desc limit 1;
    verdict := case
      when h.id is null then 'none'
      when p_secret is not null and h.secret_hash is distinct from p_secret then 'secret'
      when p_agent is not null and h.agent_id <> p_agent then 'other'
      when h.connected_at is null or h.ended_at is null or h.ended_at <= h.since then 'shut'
      when other.direction = p_direction then 'rated'
      when other.revealed_at is not null then 'revealed'
      else 'given' end;
    if verdict <> 'given' then
        return next;
        return;
    end if;
    if other.direction is not null then
        stars := case when p_direction = 'of_agent' then p_stars else other.stars end;
        select a.rating_sum, a.rating_count, a.band into g from agent a
        where a.id = h.agent_id for no key update;
        figure := (p_prior_weight * p_prior_mean + g.rating_sum + stars)
          / (p_prior_weight + g.rating_count + 1);
        if (g.band < cardinality(p_borders) and figure >= p_borders[g.band + 1] + p_margin)
          or (g.band > 0 and figure < p_borders[g.band] - p_margin)
          or g.rating_count + 1 = h.newcomer
          or exists (select from kind k
            where k.workspace_id = p_workspace and k.spec like '%agent.rating%')
        then
            verdict := 'slow';
            return next;
            return;
        end if;
        update agent a set rating_sum = a.rating_sum + stars, rating_count = a.rating_count + 1
        where a.id = h.agent_id;
        update rating r set revealed_at = now() where r.handling_id = h.id;
    end if;
    insert into rating (handling_id, direction, workspace_id, agent_id, person_id, stars, comment,
      revealed_at)
    values (h.id, p_direction, p_workspace, h.agent_id, h.person_id, p_stars, p_comment,
      case when other.direction is not null then now() end);
    return next;
end $$;
create index kind_of_rating on kind (workspace_id) where spec like '%agent.rating%';
