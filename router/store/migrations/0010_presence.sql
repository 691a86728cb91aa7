-- A change of an agent is one call: what the live store must hear of it, and the history of
-- presence, in one place.

-- What the live store must hear of an agent (router/queues/presence.py): their version is raised,
-- the history of presence kept, and what decides their class is read. New kinds are held off
-- before the agent's row is locked, for who makes one holds them and wants the rows; what is read
-- is of after that lock. No row: there is no such agent.
create function agent_changed(p_workspace uuid, p_agent uuid)
returns table (changed agent, kinds bigint[], specs text[], rules jsonb) language plpgsql as $$
declare
    span presence_span;
    at timestamptz;
begin
    perform pg_advisory_xact_lock_shared(hashtextextended(p_workspace::text, 1));
    update agent a set version = a.version + 1
    where a.id = p_agent and a.workspace_id = p_workspace returning * into changed;
    if not found then return; end if;
    -- a change of presence, its reason or the tier begins another span. Not now(), the
    -- transaction's begin: who waited for the row comes after its holder
    at := clock_timestamp();
    select * into span from presence_span s where s.agent_id = p_agent and s.ended_at is null;
    if not found or (span.presence, span.reason, span.tier)
      is distinct from (changed.presence, changed.presence_reason, changed.tier)
    then
        update presence_span s set ended_at = greatest(s.began_at, at)
        where s.id = span.id returning s.ended_at into at;
        if changed.presence <> 'offline' then
            insert into presence_span (workspace_id, agent_id, tier, presence, reason, began_at)
            values (p_workspace, p_agent, changed.tier, changed.presence, changed.presence_reason,
              coalesce(at, clock_timestamp()));
        end if;
    end if;
    select array_agg(k.id order by k.id), array_agg(k.spec order by k.id) into kinds, specs
    from kind k where k.workspace_id = p_workspace and k.built_at is not null;
    select w.policy into rules from workspace w where w.id = p_workspace;
    return next;
end $$;

-- An agent's presence (router/channels/contacts.py), and what the live store must hear of it.
-- p_by: who did it, audited where it was somebody else; null: the system.
create function agent_present(
    p_workspace uuid, p_agent uuid, p_presence text, p_reason text, p_by uuid
) returns table (changed agent, kinds bigint[], specs text[], rules jsonb) language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended(p_workspace::text, 1));
    update agent a set presence = p_presence,
      presence_reason = case when p_presence <> 'available' then p_reason end,
      presence_since = case when a.presence = p_presence then a.presence_since else now() end
    where a.workspace_id = p_workspace and a.id = p_agent;
    if not found then return; end if;
    if p_by <> p_agent then
        insert into audit (workspace_id, account_id, action, subject, detail)
        values (p_workspace, p_by, 'agent.presence', p_agent::text,
          jsonb_build_object('presence', p_presence, 'reason', p_reason));
    end if;
    return query select * from agent_changed(p_workspace, p_agent);
end $$;
