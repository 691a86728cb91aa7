-- Hours, overflow, callbacks at promised times with what they cost, messages with a deadline.

alter table contact add column due_at timestamptz;
alter table contact add column overflowed smallint not null default 0;
alter table contact add column leads jsonb;
alter table contact drop constraint contact_outcome_check;
alter table contact add constraint contact_outcome_check check (outcome in ('completed', 'abandoned', 'unreachable', 'voicemail', 'closed', 'failed', 'merged'));
create index contact_due on contact (workspace_id, due_at) where due_at is not null and state <> 'ended';

create table callback (
    contact_id uuid primary key references contact,
    workspace_id uuid not null references workspace,
    number text not null,
    at timestamptz,
    queue_id uuid not null references queue,
    waits_for uuid references contact,
    asked_by text not null check (asked_by in ('person', 'agent', 'supervisor', 'system')),
    asked_at timestamptz not null default now()
);
create index callback_number on callback (workspace_id, number, asked_at);
create index callback_slot on callback (queue_id, at) where at is not null;
insert into callback (contact_id, workspace_id, number, queue_id, asked_by)
select id, workspace_id, callback_to, queue_id, 'person' from contact
where callback_to is not null and state <> 'ended';

create table callback_refused (
    id bigint generated always as identity primary key,
    workspace_id uuid not null references workspace,
    contact_id uuid references contact,
    number text not null,
    why text not null,
    at timestamptz not null default now()
);
create index callback_refused_recent on callback_refused (workspace_id, at);

create table call_cost (
    name text primary key,
    workspace_id uuid not null references workspace,
    contact_id uuid not null references contact,
    number text not null,
    day date not null,
    cents numeric(12, 4) not null,
    seconds int,
    at timestamptz not null default now()
);
create index call_cost_day on call_cost (workspace_id, day, number);
create index call_cost_open on call_cost (at) where seconds is null;
