-- Included: lines, offers and matching. Both directions try at once: a contact that arrives
-- looks for an idle agent, an agent who becomes free looks for the oldest contact.

local CLASSES_SEEN = 64   -- idle classes looked at for one contact
local AGENTS_SEEN = 16    -- idle agents of one class and load looked at, past those excluded
local HEADS_SEEN = 32     -- contacts of one line looked at, past those that the agent declined

local function excluded(contact, agent)
  local until_ms = redis.call('HGET', K.excluded(contact), agent)
  return until_ms and tonumber(until_ms) > now
end

-- `c.new`: not in a line yet, so there is none to take it out of.
local function line_up(id, c)
  c.new = nil
  redis.call('ZADD', K.line(c.kind), c.score, id)
  if present(c.prefer) then redis.call('ZADD', K.own(c.prefer), c.score, id) end
end

local function out_of_line(id, c)
  if present(c.kind) then redis.call('ZREM', K.line(c.kind), id) end
  if present(c.prefer) then redis.call('ZREM', K.own(c.prefer), id) end
end

-- The contact is out of its queue for good (answered, moved or ended).
local function out_of_queue(id, c)
  out_of_line(id, c)
  redis.call('ZREM', K.order(c.queue), id)
  redis.call('ZREM', K.age(c.queue), id)
  redis.call('ZREM', K.wake(), id)
  redis.call('DEL', K.excluded(id))
end

local function steps_of(c)
  c.decoded = c.decoded or cjson.decode(c.steps)
  return c.decoded
end

-- Sets the next moment at which the contact looks again: the next step or an exclusion's end.
local function set_wake(id, c)
  local at = nil
  local steps = steps_of(c)
  local following = steps[tonumber(c.step) + 1]
  if following then at = tonumber(c.line_at) + following.from_ms end
  for _, until_ms in ipairs(redis.call('HVALS', K.excluded(id))) do
    local t = tonumber(until_ms)
    if t > now and (not at or t < at) then at = t end
  end
  if at then redis.call('ZADD', K.wake(), at, id) else redis.call('ZREM', K.wake(), id) end
end

-- Moves the contact to the step that its waiting time says; true when the kind changed.
local function take_step(id, c)
  local steps = steps_of(c)
  local step = 1
  for n = 2, #steps do
    if now >= tonumber(c.line_at) + steps[n].from_ms then step = n end
  end
  local changed = step ~= tonumber(c.step or 0)
  if changed then
    if not c.new then out_of_line(id, c) end
    c.step, c.kind, c.strategy = step, tostring(steps[step].kind), steps[step].strategy
    redis.call('HSET', K.contact(id), 'step', step, 'kind', c.kind, 'strategy', c.strategy)
  end
  return changed
end

local function make_offer(id, c, agent)
  local attempt = redis.call('HINCRBY', K.contact(id), 'attempt', 1)
  local offer = id .. '.' .. c.gen .. '.' .. attempt
  local deadline = now + tonumber(c.offer_ms)
  if not c.new then out_of_line(id, c) end
  redis.call('HSET', K.contact(id), 'st', 'offered', 'offer', offer)
  redis.call('HSET', K.offer(offer), 'st', 'offered', 'contact', id, 'agent', agent,
    'gen', c.gen, 'attempt', attempt, 'channel', c.channel, 'queue', c.queue,
    'made', now, 'deadline', deadline)
  redis.call('ZADD', K.due(), deadline, offer)
  redis.call('HSET', K.agent(agent), 'offer', offer)
  take_hand(agent, offer, c.channel)
  place_agent(agent)
  emit({ t = 'offer', agent = agent, contact = id, offer = offer, queue = c.queue })
  return offer
end

-- The idle agent of one class that the strategy puts first, with what it is measured by.
local function best_of_class(id, c, class, declined)
  local fields = redis.call('HMGET', K.class(class), 'max:' .. c.channel, 'band')
  local best
  for load = 0, tonumber(fields[1] or 1) - 1 do
    local idle = redis.call('ZRANGE', K.idle(class, c.channel, load), 0,
      declined and AGENTS_SEEN - 1 or 0, 'WITHSCORES')
    for i = 1, #idle, 2 do
      if not declined or not excluded(id, idle[i]) then
        local found = { agent = idle[i], since = tonumber(idle[i + 1]), load = load,
          band = tonumber(fields[2] or 0) }
        if not best or found.since < best.since then best = found end
        break
      end
    end
    if best and c.strategy == 'least_loaded' then return best end
  end
  return best
end

local function before(x, y, strategy)
  if strategy == 'least_loaded' and x.load ~= y.load then return x.load < y.load end
  if strategy == 'best_rated' and x.band ~= y.band then return x.band > y.band end
  if x.since ~= y.since then return x.since < y.since end
  return x.agent < y.agent
end

-- A waiting contact looks for an agent; answers the offer made, if any.
local function match_contact(id, c)
  if loading then return nil end
  local declined = c.declined
  if declined == nil then declined = redis.call('EXISTS', K.excluded(id)) == 1 end
  if present(c.prefer) and not excluded(id, c.prefer) then
    local a = read_agent(c.prefer)
    if idle_on(a, c.channel) then return make_offer(id, c, c.prefer) end
  end
  local key = K.idle_classes(c.kind)
  local classes
  if redis.call('SCARD', key) <= CLASSES_SEEN then
    classes = redis.call('SMEMBERS', key)
  else
    classes = redis.call('SRANDMEMBER', key, CLASSES_SEEN)
  end
  local best
  for _, class in ipairs(classes) do
    local found = best_of_class(id, c, class, declined)
    if found and (not best or before(found, best, c.strategy)) then best = found end
  end
  if best then return make_offer(id, c, best.agent) end
end

-- The first contact of a line that this agent did not decline, with its effective arrival.
local function head_of(key, agent, channel)
  for from = 0, HEADS_SEEN - 1, 8 do
    local heads = redis.call('ZRANGE', key, from, from + 7, 'WITHSCORES')
    for i = 1, #heads, 2 do
      if not excluded(heads[i], agent) and
        (not channel or redis.call('HGET', K.contact(heads[i]), 'channel') == channel) then
        return heads[i], tonumber(heads[i + 1])
      end
    end
    if #heads < 16 then return nil end
  end
end

-- An agent who can take one more looks for a contact: their own line first, then the oldest.
local function match_agent(id)
  if loading then return nil end
  local a = read_agent(id)
  local best, score
  for _, channel in ipairs(CHANNELS) do
    if idle_on(a, channel) then
      local own = head_of(K.own(id), id, channel)
      if own then return make_offer(own, hash(K.contact(own)), id) end
      for _, kind in ipairs(class_kinds(a.cls, channel)) do
        local head, at = head_of(K.line(kind), id)
        if head and (not score or at < score or (at == score and head < best)) then
          best, score = head, at
        end
      end
    end
  end
  if best then return make_offer(best, hash(K.contact(best)), id) end
end

-- Takes back the live offer of a contact: the agent is told why, and the caller places and matches
-- them. Answers the agent, and what the truth keeps of an offer that was withdrawn.
local function take_back(offer, why)
  local o = hash(K.offer(offer))
  redis.call('DEL', K.offer(offer))
  redis.call('ZREM', K.due(), offer)
  if not o.agent then return nil end
  drop_hand(o.agent, offer)
  emit({ t = 'offer_gone', agent = o.agent, offer = offer, contact = o.contact, why = why })
  return o.agent, { offer = offer, contact = o.contact, agent = o.agent, made_ms = tonumber(o.made) }
end
