-- What the statistics are counted from, and the intervals that they are counted into.

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

insert into presence_span (workspace_id, agent_id, tier, presence, reason, began_at)
select workspace_id, id, tier, presence, presence_reason, presence_since
from agent where presence <> 'offline';

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

-- What was expected when the person was first told: compared with what came.
alter table contact add column estimate_s int;
alter table contact add column estimated_at timestamptz;
alter table handling add column estimate_s int;
alter table handling add column estimated_at timestamptz;

-- The agent's tier then: a later promotion changes no figure of the past.
alter table handling add column tier smallint;
update handling h set tier = a.tier from agent a where a.id = h.agent_id;
create index handling_done on handling (workspace_id, done_at) where state = 'done';
create index handling_lost on handling (contact_id, ended_at) where ending = 'lost';

alter table offer add column queue_id uuid references queue;
alter table offer add column channel text;
alter table offer add column tier smallint;
update offer o set queue_id = c.queue_id, channel = c.channel, tier = a.tier
from contact c, agent a where c.id = o.contact_id and a.id = o.agent_id;
create index offer_recent on offer (workspace_id, at);

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
    primary key (workspace_id, dimension, subject, starts_at)
);
create index statistics_interval_when on statistics_interval (workspace_id, dimension, starts_at);

-- How far the intervals of a workspace are final, and when they were counted last.
create table statistics_progress (
    workspace_id uuid primary key references workspace,
    settled_until timestamptz not null,
    counted_at timestamptz not null
);
