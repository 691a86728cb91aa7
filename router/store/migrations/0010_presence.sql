-- A change of agents is one call, of many at once too: what the live store must hear of them, and
-- the history of presence, in one place.

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
