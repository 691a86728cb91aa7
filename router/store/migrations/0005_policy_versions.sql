-- The policy of a workspace in versions, and who waits by an older one.

create table policy_version (
    workspace_id uuid not null references workspace,
    number int not null check (number > 0),
    document jsonb not null,
    ids jsonb not null,
    source text,
    note text not null check (length(note) <= 500),
    restores int,
    account_id uuid references account,
    at timestamptz not null default now(),
    primary key (workspace_id, number)
);

alter table workspace add column policy_number int not null default 0;
alter table workspace add column rules_changed_at timestamptz;

alter table queue add column retired_at timestamptz;
alter table queue add column changed_at timestamptz;
create index queue_changed on queue (workspace_id) where changed_at is not null;

alter table contact add column follows text;

alter table entry_point add column retired_at timestamptz;
alter table entry_point drop constraint entry_point_kind_address_key;
create unique index entry_point_address on entry_point (kind, address) where retired_at is null;
