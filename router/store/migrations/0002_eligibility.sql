-- What filters may name of agents and contacts, why an offer was made, and kinds built off the live path.

alter table agent add column levels jsonb not null default '{}';
alter table agent add column qualifications text[] not null default '{}';
alter table agent add column tags text[] not null default '{}';
alter table agent add column location jsonb not null default '{}';
alter table agent add column attributes jsonb not null default '{}';

alter table contact add column attributes jsonb not null default '{}';
alter table contact add column priority smallint not null default 0 check (priority between 0 and 9);

alter table kind add column built_at timestamptz;
alter table kind add column used_at timestamptz not null default now();
update kind set built_at = now();

alter table offer add column why jsonb;
