-- What an entry point says of its contacts: how urgent they are, and attributes for filters.

alter table entry_point add column priority smallint not null default 0 check (priority between 0 and 9);
alter table entry_point add column attributes jsonb not null default '{}';
