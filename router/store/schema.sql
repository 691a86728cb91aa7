-- Secondline: the whole schema. The migrations beside this file lead to exactly this.
-- Every row carries its workspace; times are the database's own (now()).

create table workspace (
    id uuid primary key default gen_random_uuid(),
    slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name text not null,
    country text not null default 'DE' check (country ~ '^[A-Z]{2}$'),
    time_zone text not null default 'Europe/Berlin',
    -- raised by every rebuild of the live store; scripts of an older epoch are refused
    epoch bigint not null default 1,
    -- what host sites sign their visitors' tokens with (HS256)
    token_secret text not null default encode(sha256(gen_random_uuid()::text::bytea || gen_random_uuid()::text::bytea), 'hex'),
    policy jsonb not null default '{}',   -- router/queues/rules.py
    created_at timestamptz not null default now(),
    policy_number int not null default 0, -- the newest policy_version, which is the active one
    rules_changed_at timestamptz          -- signed-in agents are told of them (channels/following.py)
);

-- Staff -------------------------------------------------------------------------------------

create table account (
    id uuid primary key default gen_random_uuid(),
    workspace_id uuid not null references workspace,
    email text not null check (email = lower(email) and email ~ '^[^@\s]+@[^@\s]+$'),
    name text not null check (length(name) between 1 and 200),
    role text not null check (role in ('agent', 'supervisor', 'admin')),
    password_hash text,
    disabled_at timestamptz,
    created_at timestamptz not null default now(),
    unique (email)
);

create table session (
    token_hash bytea primary key,
    workspace_id uuid not null references workspace,
    account_id uuid not null references account,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index session_account on session (account_id) where revoked_at is null;

create table invitation (
    token_hash bytea primary key,
    workspace_id uuid not null references workspace,
    account_id uuid not null references account,
    purpose text not null check (purpose in ('invite', 'reset')),
    expires_at timestamptz not null,
    used_at timestamptz
);

-- How often somebody guessed at a password or PIN (router/identity/throttle.py). The subject is
-- what was guessed at, whether it exists or not, so that a lock tells nothing; a login names no
-- workspace before it succeeds, so that this table has none.
create table throttle (
    subject text primary key,
    failures int not null,
    tried_at timestamptz not null default now(),
    locked_until timestamptz
);
create index throttle_old on throttle (tried_at);

create table agent (
    id uuid primary key references account,
    workspace_id uuid not null references workspace,
    tier smallint not null check (tier between 1 and 9),
    languages text[] not null default '{}',
    skills text[] not null default '{}',
    capacity jsonb not null default '{"voice": 1, "chat": 3, "video": 1}',
    -- softphone, phone (reach_address is E.164) or sip (reach_address is a SIP address)
    reach text not null default 'softphone' check (reach in ('softphone', 'phone', 'sip')),
    reach_address text,
    presence text not null default 'offline' check (presence in ('available', 'break', 'offline')),
    presence_reason text,
    presence_since timestamptz not null default now(),
    -- raised by every change that the live store must hear of
    version bigint not null default 1,
    -- revealed ratings only
    rating_sum bigint not null default 0,
    rating_count bigint not null default 0,
    -- rating band, 0 to 4, with hysteresis: router/ratings/rules.py
    band smallint not null default 2 check (band between 0 and 4),
    -- what filters may name besides (router/filters)
    levels jsonb not null default '{}',         -- {"<skill or language>": number}
    qualifications text[] not null default '{}',
    tags text[] not null default '{}',
    location jsonb not null default '{}',       -- {"country", "region", "city"}
    attributes jsonb not null default '{}',     -- the workspace's own names
    check (reach = 'softphone' or reach_address is not null)
);
create index agent_signed_in on agent (workspace_id) where presence <> 'offline';

-- People outside the house ------------------------------------------------------------------

create table person (
    id uuid primary key default gen_random_uuid(),
    workspace_id uuid not null references workspace,
    name text check (length(name) <= 200),
    -- nobody told us who this is: found by an address alone
    provisional boolean not null default true,
    -- what a visitor typed: a claim, which finds nobody
    claimed_mail text check (length(claimed_mail) <= 254),
    created_at timestamptz not null default now()
);

create table address (
    workspace_id uuid not null references workspace,
    kind text not null check (kind in ('phone', 'mail', 'account')),
    value text not null,          -- E.164; lower-case mail; the host site's subject
    person_id uuid not null references person,
    -- registered by the company, not merely seen on a contact
    registered boolean not null default false,
    created_at timestamptz not null default now(),
    primary key (workspace_id, kind, value)
);
create index address_person on address (person_id);

create table expert (
    person_id uuid primary key references person,
    workspace_id uuid not null references workspace,
    number text not null check (number ~ '^[0-9]{4,12}$'),
    network_size int not null default 0 check (network_size >= 0),
    languages text[] not null default '{}',
    active boolean not null default true,
    pin_hash text,                -- argon2; null: none issued, or revoked
    created_at timestamptz not null default now(),
    unique (workspace_id, number)
);

-- Ways in -----------------------------------------------------------------------------------

create table queue (
    id uuid primary key default gen_random_uuid(),
    workspace_id uuid not null references workspace,
    slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name text not null,
    policy jsonb not null default '{}',   -- router/queues/policy.py
    -- closed by a supervisor: what callers and visitors are told, per language
    closed jsonb,
    created_at timestamptz not null default now(),
    -- dropped by a policy: history keeps it
    retired_at timestamptz,
    -- its steps changed: until when who waits by older ones is looked for (channels/following.py)
    changed_at timestamptz,
    unique (workspace_id, slug)
);
create index queue_changed on queue (workspace_id) where changed_at is not null;

create table entry_point (
    id uuid primary key default gen_random_uuid(),
    workspace_id uuid not null references workspace,
    kind text not null check (kind in ('phone', 'widget')),
    address text not null,                -- E.164, or the widget's public key
    name text not null,
    language text not null default 'en',
    languages text[] not null default '{en}',
    menu jsonb not null default '[]',     -- [{"key": "1", "topic": "router", "label": {"en": "..."}}]
    prompts jsonb not null default '{}',  -- overrides of the spoken prompts, by language and key
    origins text[] not null default '{}', -- host sites that may embed the widget; none: this service alone
    customer_queue_id uuid not null references queue,
    expert_queue_id uuid not null references queue,
    created_at timestamptz not null default now(),
    retired_at timestamptz,
    -- of its contacts, where a host site's signature does not say otherwise
    priority smallint not null default 0 check (priority between 0 and 9),
    attributes jsonb not null default '{}'      -- the workspace's own names, for filters
);
create unique index entry_point_address on entry_point (kind, address) where retired_at is null;

-- Every state that the policy was in. Rolling back makes a new version with the old content.
create table policy_version (
    workspace_id uuid not null references workspace,
    number int not null check (number > 0),
    document jsonb not null,              -- router/policy/document.py, defaults left out
    ids jsonb not null,                   -- {"queues": {slug: id}, "entry_points": {"kind address": id}}
    source text,                          -- as somebody wrote it; null: made by a form
    note text not null check (length(note) <= 500),
    restores int,                         -- rolled back to this version
    account_id uuid references account,   -- null: the command line
    at timestamptz not null default now(),
    primary key (workspace_id, number)
);

-- A kind is an interned requirement; its number is stable across rebuilds of the live store.
create table kind (
    id bigint generated always as identity primary key,
    workspace_id uuid not null references workspace,
    spec text not null,                   -- canonical JSON, router/queues/kinds.py
    built_at timestamptz,                 -- the agents who were signed in know of it
    used_at timestamptz not null default now(),
    unique (workspace_id, spec)
);

-- Contacts ----------------------------------------------------------------------------------

create table contact (
    id uuid primary key default gen_random_uuid(),
    workspace_id uuid not null references workspace,
    channel text not null check (channel in ('voice', 'chat', 'video')),
    entry_point_id uuid references entry_point,
    -- the provider's or client's own key: makes arriving idempotent
    provider_key text not null,
    person_id uuid not null references person,
    role text not null check (role in ('expert', 'customer')),
    assurance smallint not null check (assurance between 0 and 3),
    language text not null,
    skills text[] not null default '{}',
    topic text,
    queue_id uuid not null references queue,
    state text not null check (state in ('arriving', 'waiting', 'handling', 'ended')),
    -- raised by every change of state: the fence of accepts and the order of live changes
    generation bigint not null default 1,
    arrived_at timestamptz not null default now(),
    queued_at timestamptz,                -- first put in line
    line_at timestamptz,                  -- put in the present queue; its routing steps count from here
    head_start interval not null default '0',
    prefer_agent_id uuid references agent,
    -- voice: where to call back; set once the caller chose to be called
    callback_to text,
    callback_tries smallint not null default 0,
    -- chat and video: the customer's key to this contact (sha256)
    secret_hash bytea,
    last_seq bigint not null default 0,
    told_position int,
    outcome text check (outcome in ('completed', 'abandoned', 'unreachable', 'voicemail', 'closed', 'failed', 'merged')),
    ended_by text check (ended_by in ('person', 'agent', 'supervisor', 'system')),
    ended_at timestamptz,
    attributes jsonb not null default '{}',     -- the workspace's own names, for filters
    priority smallint not null default 0 check (priority between 0 and 9),
    estimate_s int,                       -- the wait that the person was told first
    estimated_at timestamptz,
    -- a message was left: somebody must have dealt with it by then
    due_at timestamptz,
    overflowed smallint not null default 0,     -- how often it left a line for another queue
    leads jsonb,                          -- what it is offered instead of waiting: a policy's `then`
    follows text,                         -- the policy that its steps were made of (queues/policy.py)
    unique (workspace_id, provider_key),
    check ((state = 'ended') = (outcome is not null)),
    check ((state = 'ended') = (ended_at is not null))
);
create index contact_open on contact (workspace_id, state, arrived_at) where state <> 'ended';
create index contact_person on contact (person_id, arrived_at desc);
create index contact_callback on contact (person_id) where callback_to is not null and state <> 'ended';
create index contact_led on contact (line_at) where leads is not null and state = 'arriving';
create index contact_due on contact (workspace_id, due_at) where due_at is not null and state <> 'ended';
create index contact_recent on contact (workspace_id, ended_at desc) where state = 'ended';

-- What both sides read, in order: messages and what happened. Snapshot plus events by cursor.
create table contact_event (
    contact_id uuid not null references contact,
    seq bigint not null,
    workspace_id uuid not null references workspace,
    kind text not null,                   -- message, queued, joined, left, warned, video, ended, ...
    visible text not null default 'all' check (visible in ('all', 'staff')),
    author text not null check (author in ('person', 'agent', 'supervisor', 'system')),
    author_id uuid,
    -- the sender's own key: a message sent twice is stored once
    client_key text,
    data jsonb not null default '{}',
    at timestamptz not null default now(),
    primary key (contact_id, seq)
);
create unique index contact_event_once on contact_event (contact_id, author, client_key)
    where client_key is not null;

create table handling (
    id uuid primary key default gen_random_uuid(),
    workspace_id uuid not null references workspace,
    contact_id uuid not null references contact,
    agent_id uuid not null references agent,
    offer_id text not null unique,        -- the live offer that it came from: contact.generation.attempt
    channel text not null,
    queue_id uuid not null references queue,
    line_at timestamptz not null,         -- the contact's: what was answered had waited since then
    state text not null check (state in ('connecting', 'active', 'wrapup', 'done')),
    accepted_at timestamptz not null default now(),
    connected_at timestamptz,
    ended_at timestamptz,                 -- the conversation's end
    done_at timestamptz,                  -- the wrap-up's end
    wrapup_limit timestamptz,
    ending text check (ending in ('completed', 'escalated', 'transferred', 'lost', 'no_connect', 'abandoned')),
    outcome text,                         -- the agent's word at wrap-up: resolved, unresolved, ...
    note text,
    hand_over jsonb,                      -- {"reason", "asked", "tried"} where it was escalated
    estimate_s int,                       -- the contact's
    estimated_at timestamptz,
    tier smallint                         -- the agent's then: a promotion changes nothing past
);
create index handling_in_hand on handling (agent_id) where state <> 'done';
create index handling_contact on handling (contact_id, accepted_at);
create index handling_recent on handling (workspace_id, accepted_at);
create index handling_done on handling (workspace_id, done_at) where state = 'done';
create index handling_lost on handling (contact_id, ended_at) where ending = 'lost';

-- What became of each offer.
create table offer (
    id text primary key,
    workspace_id uuid not null references workspace,
    contact_id uuid not null references contact,
    agent_id uuid not null references agent,
    outcome text not null check (outcome in ('accepted', 'declined', 'missed', 'withdrawn')),
    made_at timestamptz not null,
    at timestamptz not null default now(),
    why jsonb,                            -- how the scripts chose: step, kind, strategy, ...
    queue_id uuid references queue,       -- where the contact was in line then
    channel text,
    tier smallint                         -- the agent's then
);
create index offer_contact on offer (contact_id);
create index offer_agent on offer (agent_id, at desc);
create index offer_recent on offer (workspace_id, at);

create table rating (
    handling_id uuid not null references handling,
    direction text not null check (direction in ('of_agent', 'of_person')),
    workspace_id uuid not null references workspace,
    agent_id uuid not null references agent,
    person_id uuid not null references person,
    stars smallint not null check (stars between 1 and 5),
    comment text check (length(comment) <= 2000),
    given_at timestamptz not null default now(),
    -- both are in, or the window is over; never before
    revealed_at timestamptz,
    primary key (handling_id, direction)
);
create index rating_blind on rating (given_at) where revealed_at is null;

-- Callbacks ---------------------------------------------------------------------------------

-- A person is to be called; open as long as its contact is. Asking and what was asked for.
create table callback (
    contact_id uuid primary key references contact,
    workspace_id uuid not null references workspace,
    number text not null,                 -- E.164
    at timestamptz,                       -- the promised time; null: keeps its place in line
    queue_id uuid not null references queue,    -- whose time was promised
    waits_for uuid references contact,    -- the person is on the line themselves: what becomes of that
    asked_by text not null check (asked_by in ('person', 'agent', 'supervisor', 'system')),
    asked_at timestamptz not null default now()
);
create index callback_number on callback (workspace_id, number, asked_at);
create index callback_slot on callback (queue_id, at) where at is not null;

-- Callbacks that the workspace's rules did not allow.
create table callback_refused (
    id bigint generated always as identity primary key,
    workspace_id uuid not null references workspace,
    contact_id uuid references contact,
    number text not null,
    why text not null,
    at timestamptz not null default now()
);
create index callback_refused_recent on callback_refused (workspace_id, at);

-- What the calls cost that we placed to people: expected while they go on, then what it came to.
create table call_cost (
    name text primary key,                -- the leg's, as it was asked for
    workspace_id uuid not null references workspace,
    contact_id uuid not null references contact,
    number text not null,
    day date not null,                    -- in the workspace's time zone
    cents numeric(12, 4) not null,
    seconds int,                          -- null: not over yet
    at timestamptz not null default now(),
    queue_id uuid references queue        -- the contact's then
);
create index call_cost_day on call_cost (workspace_id, day, number);
create index call_cost_open on call_cost (at) where seconds is null;

-- Telephony legs ----------------------------------------------------------------------------

create table leg (
    call_sid text primary key,
    workspace_id uuid not null references workspace,
    contact_id uuid not null references contact,
    handling_id uuid references handling,
    party text not null check (party in ('caller', 'agent', 'supervisor')),
    state text not null check (state in ('ringing', 'live', 'joined', 'ended')),
    sequence bigint not null default -1,  -- of the newest event applied
    heard_at timestamptz not null default now(),
    data jsonb not null default '{}'
);
create index leg_contact on leg (contact_id);
create index leg_handling on leg (handling_id) where handling_id is not null;
create index leg_open on leg (heard_at) where state <> 'ended';

-- Between the stores ------------------------------------------------------------------------

create table outbox (
    id bigint generated always as identity primary key,
    workspace_id uuid not null references workspace,
    subject uuid not null,                -- the contact or agent: its operations run in order
    operation text not null,              -- a script's name
    arguments jsonb not null,
    created_at timestamptz not null default now()
);
create index outbox_subject on outbox (subject, id);

create table audit (
    id bigint generated always as identity primary key,
    workspace_id uuid not null references workspace,
    account_id uuid references account,
    action text not null,
    subject text,
    detail jsonb not null default '{}',
    at timestamptz not null default now()
);

-- Statistics --------------------------------------------------------------------------------

-- When an agent was signed in. A change of presence, reason or tier ends one span and begins
-- the next (router/queues/presence.py); offline has none.
create table presence_span (
    id bigint generated always as identity primary key,
    workspace_id uuid not null references workspace,
    agent_id uuid not null references agent,
    tier smallint not null,
    presence text not null check (presence in ('available', 'break')),
    reason text,
    began_at timestamptz not null,
    ended_at timestamptz,
    check (ended_at >= began_at)
);
create unique index presence_span_open on presence_span (agent_id) where ended_at is null;
create index presence_span_ended on presence_span (workspace_id, ended_at);
create index presence_span_declined on presence_span (agent_id, began_at) where presence = 'break' and reason = 'declined';

-- A line that a contact left for another one; every other way out of a line is in its handling
-- or in the contact's end.
create table line_left (
    id bigint generated always as identity primary key,
    workspace_id uuid not null references workspace,
    contact_id uuid not null references contact,
    queue_id uuid not null references queue,
    channel text not null,
    line_at timestamptz not null,
    left_at timestamptz not null default now()
);
create index line_left_recent on line_left (workspace_id, left_at);

-- Messages that people left, as they were left: the queue then, and when they were due. What
-- became of one is its contact's end.
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

-- The service-level target of a queue since a quarter of an hour: a new one judges no old call.
create table queue_target (
    queue_id uuid not null references queue,
    from_at timestamptz not null,
    workspace_id uuid not null references workspace,
    seconds int not null,
    short_seconds int not null,
    primary key (queue_id, from_at)
);

-- Quarters of an hour, by all and each queue, agent, tier and channel. What each column counts
-- is said in router/statistics/definitions.py. Derived: may be deleted and is made again.
create table statistics_interval (
    workspace_id uuid not null references workspace,
    dimension text not null check (dimension in ('all', 'queue', 'agent', 'tier', 'channel')),
    subject text not null,
    starts_at timestamptz not null,
    entered bigint not null,
    answered bigint not null,
    answered_within bigint not null,
    wait_ms bigint not null,
    longest_wait_ms bigint not null,
    abandoned bigint not null,
    abandoned_short bigint not null,
    abandoned_wait_ms bigint not null,
    left_otherwise bigint not null,
    offers_accepted bigint not null,
    offers_declined bigint not null,
    offers_missed bigint not null,
    offers_withdrawn bigint not null,
    handled bigint not null,
    not_connected bigint not null,
    connecting_ms bigint not null,
    conversation_ms bigint not null,
    wrap_up_ms bigint not null,
    handling_ms bigint not null,
    busy_ms bigint not null,
    staffed_ms bigint not null,
    signed_in_ms bigint not null,
    estimates bigint not null,
    estimates_held bigint not null,
    estimate_error_ms bigint not null,
    estimate_absolute_error_ms bigint not null,
    left_message bigint not null default 0,
    messages bigint not null default 0,
    messages_answered bigint not null default 0,
    messages_in_time bigint not null default 0,
    messages_overdue bigint not null default 0,
    messages_answer_ms bigint not null default 0,
    primary key (workspace_id, dimension, subject, starts_at)
);
create index statistics_interval_when on statistics_interval (workspace_id, dimension, starts_at);

-- How far the intervals of a workspace are final, and when they were counted last.
create table statistics_progress (
    workspace_id uuid primary key references workspace,
    settled_until timestamptz not null,
    counted_at timestamptz not null
);

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
      -- whoever hears a message answers nobody who waited for it
      'answered', case when taken.due_at is null then
        jsonb_build_object('day', (hand.accepted_at at time zone rules.time_zone)::date,
          'wait_ms', waited,
          'within', (waited <= coalesce(rules.target_s::int, p_target_s) * 1000)::int) end);
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

-- An agent whose row has changed: the version is raised, and the history of presence kept.
create function agent_renewed(p_workspace uuid, p_agent uuid) returns agent
language plpgsql as $$
declare
    renewed agent;
    span presence_span;
    at timestamptz;
begin
    update agent a set version = a.version + 1
    where a.id = p_agent and a.workspace_id = p_workspace returning * into renewed;
    if not found then return null; end if;
    -- a change of presence, its reason or the tier begins another span. Not now(), the
    -- transaction's begin: who waited for the row comes after its holder
    at := clock_timestamp();
    select * into span from presence_span s where s.agent_id = p_agent and s.ended_at is null;
    if not found or (span.presence, span.reason, span.tier)
      is distinct from (renewed.presence, renewed.presence_reason, renewed.tier)
    then
        update presence_span s set ended_at = greatest(s.began_at, at)
        where s.id = span.id returning s.ended_at into at;
        if renewed.presence <> 'offline' then
            insert into presence_span (workspace_id, agent_id, tier, presence, reason, began_at)
            values (p_workspace, p_agent, renewed.tier, renewed.presence,
              renewed.presence_reason, coalesce(at, clock_timestamp()));
        end if;
    end if;
    return renewed;
end $$;

-- What the live store must hear of agents (router/queues/presence.py): their rows, renewed, and
-- what decides their classes. With p_presences each is set present like that before, for
-- p_reasons, by p_by: audited where it was somebody else, null for the system. New kinds are held
-- off before a row is locked, for who makes one holds them and wants the rows; what is read is of
-- after that lock. Who does not exist is left out.
create function agents_changed(
    p_workspace uuid, p_agents uuid[], p_presences text[], p_reasons text[], p_by uuid[]
) returns table (changed agent[], kinds bigint[], specs text[], rules jsonb)
language plpgsql as $$
declare
    each record;
    renewed agent;
begin
    perform pg_advisory_xact_lock_shared(hashtextextended(p_workspace::text, 1));
    -- in one order, so that two of these never wait for each other
    for each in
        select * from unnest(p_agents, p_presences, p_reasons, p_by)
          as asked (agent, presence, reason, by_whom) order by agent
    loop
        if each.presence is not null then
            update agent a set presence = each.presence,
              presence_reason = case when each.presence <> 'available' then each.reason end,
              presence_since = case when a.presence = each.presence then a.presence_since
                else now() end
            where a.workspace_id = p_workspace and a.id = each.agent;
        end if;
        renewed := agent_renewed(p_workspace, each.agent);
        if renewed.id is null then continue; end if;
        changed := array_append(changed, renewed);
        if each.by_whom <> each.agent then
            insert into audit (workspace_id, account_id, action, subject, detail)
            values (p_workspace, each.by_whom, 'agent.presence', each.agent::text,
              jsonb_build_object('presence', each.presence, 'reason', each.reason));
        end if;
    end loop;
    select array_agg(k.id order by k.id), array_agg(k.spec order by k.id) into kinds, specs
    from kind k where k.workspace_id = p_workspace and k.built_at is not null;
    select w.policy into rules from workspace w where w.id = p_workspace;
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
