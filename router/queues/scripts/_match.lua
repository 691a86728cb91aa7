-- Included: offers and matching. Both directions try at once: a contact that arrives looks for an
-- idle agent, an agent who becomes free looks for the oldest contact.

local HEADS_SEEN = 32        -- contacts of one line looked at, past those that the agent declined
local OWN_AHEAD_MS = 600000  -- a contact that prefers this agent counts as so much older to them
local HELD_SEEN = 4          -- kinds held back for the reserve that look again at once

-- An offer's name tells its contact, generation and attempt.
local function parts_of(offer)
  local contact, gen, attempt = string.match(offer, '^(.-)%.(%d+)%.(%d+)$')
  return contact or '', gen, attempt -- a desk may send anything: no offer is nobody's
end

-- why: what decided; of: how many it chose among; more: further fields of the explanation.
local function make_offer(id, c, a, why, of, more)
  local attempt = tostring(tonumber(c.attempt or 0) + 1)
  local offer = id .. '.' .. c.gen .. '.' .. attempt
  local deadline = string.format('%d', now + c.offer_ms)
  if c.lined then out_of_line(id, c) end
  c.st, c.offer, c.attempt, c.agent, c.made, c.deadline = 'offered', offer, attempt, a.id, now_text, deadline
  c.why = '{"step":' .. c.step .. ',"kind":"' .. c.kind .. '","why":"' .. why .. '","of":' .. (of or 1)
    .. ',"since":' .. (a.idle or 0) .. ',"load":' .. a[c.channel] .. (more or '') .. '}'
  if not c.new then
    redis.call('HSET', K.contact(id), 'st', 'offered', 'offer', offer, 'attempt', attempt, 'agent', a.id,
      'made', now_text, 'deadline', deadline, 'why', c.why)
  end
  redis.call('ZADD', K.due(), deadline, offer)
  take_offer(a, offer, c.channel)
  place_agent(a)
  emit('offer', 'agent', a.id, 'contact', id, 'offer', offer, 'queue', c.queue)
  return offer
end

-- Whether the agent could serve one of the contact's steps.
local function could_serve(a, c)
  for _, step in ipairs(steps_of(c)) do
    if redis.call('SISMEMBER', K.kinds(a.cls), step.kind) == 1 then return true end
  end
  return false
end

-- The preferred agent, when they are there and could serve the contact.
local function preferred(id, c)
  if not present(c.prefer) or excluded(c.excluded, c.prefer) then return nil end
  local a = agent_of(c.prefer)
  if not present(a.st) or a.st == 'offline' then return nil end
  return could_serve(a, c) and a or nil
end

-- A waiting contact looks for an agent; answers the offer made, if any, and whether it waits for
-- the preferred agent alone.
local function match_contact(id, c)
  if loading then return nil end
  local wanted = preferred(id, c)
  if wanted then
    if idle_on(wanted, c.channel) then return make_offer(id, c, wanted, 'preferred') end
    if c.prefer_until and now < c.prefer_until then return nil, true end
  end
  local best, why, of, blocked = candidate(id, c)
  if not best then
    if blocked then hold_back(c.kind) end
    return nil
  end
  return make_offer(id, c, agent_of(best.agent), why, of, ',"band":' .. stand_named(best.stand).band)
end

-- The first contact of a line that this agent did not decline, with its effective arrival; and
-- the effective arrival of the head, nil when the line is empty. `a`: one who is preferred, and
-- must be able to take it.
local function head_of_line(key, agent, a)
  local first
  local from, to = 0, 0
  while from < HEADS_SEEN do
    local heads = redis.call('ZRANGE', key, from, to, 'WITHSCORES')
    if #heads == 0 then break end
    first = first or tonumber(heads[2])
    for i = 1, #heads, 2 do
      if not excluded(redis.call('HGET', K.contact(heads[i]), 'excluded'), agent) then
        local c = a and contact_of(heads[i])
        if not a or idle_on(a, c.channel) and could_serve(a, c) then
          return heads[i], tonumber(heads[i + 1]), first
        end
      end
    end
    from, to = to + 1, to + 8
  end
  return nil, nil, first
end

-- The oldest contact in the lines that the agent's class may serve and they have room for.
local function oldest_in_lines(a)
  local open = redis.call('ZINTER', 2, K.lines(), K.kinds(a.cls), 'WEIGHTS', 1, 0, 'WITHSCORES')
  local best, score
  for i = 1, #open, 2 do
    local kind, low = open[i], tonumber(open[i + 1])
    if score and low > score then break end
    local channel = CHANNEL_OF[string.byte(kind, -2)]
    if idle_on(a, channel) then
      if not for_experts(kind) and in_house(a) and kept_for_experts(channel, a) then
        hold_back(kind)
      else
        local head, at, first = head_of_line(K.line(kind), a.id)
        if not first then
          redis.call('ZREM', K.lines(), kind)
        elseif first ~= low then
          redis.call('ZADD', K.lines(), first, kind)
        end
        if head and (not score or at < score or at == score and head < best) then
          best, score = head, at
        end
      end
    end
  end
  return best, score
end

-- An agent who can take one more looks for a contact: the oldest, those who prefer them ahead.
local function match_agent(a)
  if loading or not may_take(a) then return nil end
  local best, score = oldest_in_lines(a)
  local why = 'freed'
  local own, own_at = head_of_line(K.own(a.id), a.id, a)
  if own then
    local at = own_at - OWN_AHEAD_MS
    if not score or at < score or at == score and own < best then best, why = own, 'preferred' end
  end
  if best then return make_offer(best, contact_of(best, true), a, why) end
end

-- The agent changed: they take the next contact, or else stand where they belong.
local function settle(a)
  local offer = match_agent(a)
  if not offer then place_agent(a) end
  return offer
end

-- Takes back the live offer of a contact: the agent is told why and free again; the caller matches
-- them. Answers the agent, and what the truth keeps of an offer that was withdrawn.
local function take_back(id, c, why, restart)
  redis.call('ZREM', K.due(), c.offer)
  local a = agent_of(c.agent)
  drop_hand(a, c.offer, restart)
  place_agent(a)
  emit('offer_gone', 'agent', c.agent, 'offer', c.offer, 'contact', id, 'why', why)
  return a, { offer = c.offer, contact = id, agent = c.agent, made_ms = tonumber(c.made), why = c.why }
end

local function held_out(c) return c.st == 'offered' or c.st == 'accepting' end

-- What a contact that leaves its line or its agent lets go of: an offer is withdrawn, a handling
-- goes on to wrap-up. Answers who is free again, and the withdrawn offer for the truth.
local function let_go(id, c)
  out_of_queue(id, c)
  if held_out(c) then
    local agent, taken = take_back(id, c, 'withdrawn')
    -- it counts for the queue that it was made in
    taken.queue = c.queue
    return agent, taken
  end
  if c.st == 'handling' then
    local a = agent_of(c.agent)
    begin_wrapup(a, c.offer)
    place_agent(a)
    emit('handling', 'agent', c.agent, 'contact', id, 'offer', c.offer)
  end
end

-- A reserve that rose lets those look again whom it had held back.
finish = function()
  if not risen then return end
  for _, kind in ipairs(redis.call('ZRANGE', K.held_back(), 0, HELD_SEEN - 1)) do
    redis.call('ZREM', K.held_back(), kind)
    local id = redis.call('ZRANGE', K.line(kind), 0, 0)[1]
    if id then
      -- whoever is held back again says so; others of the line may follow
      if match_contact(id, contact_of(id, true)) then hold_back(kind) end
    end
  end
end
