-- Included: offers and matching. Both directions try at once: a contact that arrives looks for an
-- idle agent, an agent who becomes free looks for the oldest contact.

local CLASSES_SEEN = 24      -- classes with somebody idle that a strategy chooses among
local CLASSES_PASSED = 256   -- classes looked at in all, with those kept for experts or excluded
local AGENTS_SEEN = 16       -- idle agents of one class and load looked at, past those excluded
local HEADS_SEEN = 32        -- contacts of one line looked at, past those that the agent declined
local OWN_AHEAD_MS = 600000  -- a contact that prefers this agent counts as so much older to them
local HELD_SEEN = 4          -- kinds held back for the reserve that look again at once

-- A number from 0 to 1 that differs from try to try and is the same when the same try is repeated.
local function draw(c, id, other)
  local mixed = (tonumber(string.sub(id, 1, 8), 16) or 0) + (tonumber(c.attempt) + 1) * 40503001
  if other then mixed = mixed + (tonumber(string.sub(other, 1, 8), 16) or 0) * 62089911 % 4294967296 end
  return mixed % 4294967296 * 69069 % 4294967296 / 4294967296
end

-- An offer's name tells its contact, generation and attempt.
local function parts_of(offer)
  return string.match(offer, '^(.-)%.(%d+)%.(%d+)$')
end

-- why: what decided; of: how many it chose among; more: further fields of the explanation.
local function make_offer(id, c, a, why, of, more)
  local attempt = tostring(tonumber(c.attempt or 0) + 1)
  local offer = id .. '.' .. c.gen .. '.' .. attempt
  local deadline = string.format('%d', now + c.offer_ms)
  if c.lined then out_of_line(id, c) end
  change(id, c, { st = 'offered', offer = offer, attempt = attempt })
  redis.call('HSET', K.offer(offer), 'st', 'offered', 'agent', a.id, 'made', now_text, 'deadline', deadline,
    'why', '{"step":' .. c.step .. ',"kind":"' .. c.kind .. '","why":"' .. why .. '","of":' .. (of or 1)
      .. ',"since":' .. (a.idle or 0) .. ',"load":' .. load_of(a, c.channel) .. (more or '') .. '}')
  redis.call('ZADD', K.due(), deadline, offer)
  set(a, 'offer', offer)
  take_hand(a, offer, c.channel, true)
  place_agent(a)
  emit('offer', 'agent', a.id, 'contact', id, 'offer', offer, 'queue', c.queue)
  return offer
end

-- Whether customers must leave the last idle 2nd-level agents of this channel to experts.
local function kept_for_experts(channel)
  if reserve[channel] == nil then
    local v = redis.call('HMGET', K.house(), 'share', 'in', 'idle:' .. channel)
    local share = tonumber(v[1] or 0)
    reserve[channel] = share > 0 and
      tonumber(v[3] or 0) - 1 < math.ceil(share * tonumber(v[2] or 0))
  end
  return reserve[channel]
end

local function for_experts(kind) return string.sub(kind, -1) == 'e' end

local function hold_back(kind)
  redis.call('ZADD', K.held_back(), 'NX', now, kind)
end

-- Whether the agent could serve one of the contact's steps.
local function could_serve(a, c)
  for _, step in ipairs(steps_of(c)) do
    if redis.call('SISMEMBER', K.kinds(a.cls, c.channel), step.kind) == 1 then return true end
  end
  return false
end

-- The preferred agent, when they are there and could serve the contact.
local function preferred(id, c)
  if not present(c.prefer) or excluded(id, c.prefer) then return nil end
  local a = agent_of(c.prefer)
  if not present(a.st) or a.st == 'offline' then return nil end
  return could_serve(a, c) and a or nil
end

-- The idle agent of one class to be asked first, with what a strategy compares; and since when the
-- longest idle of the class is idle, nil when nobody is.
local function head_of_class(id, c, class, rule)
  local band, house, newcomer, several = rank_of(class)
  local last = c.declined and AGENTS_SEEN - 1 or 0
  local idle = redis.call('ZRANGE', K.idle(class, c.channel), 0, last, 'WITHSCORES')
  local oldest = tonumber(idle[2])
  local chance = 0
  if rule == 'random' and oldest and not c.declined then
    -- a class counts for as many as it has, and any of them is asked
    local n = redis.call('ZCARD', K.idle(class, c.channel))
    local drawn = draw(c, id, class)
    chance = 1 - drawn ^ (1 / n)
    local place = math.floor(drawn * 4096 % 1 * n)
    idle = redis.call('ZRANGE', K.idle(class, c.channel), place, place, 'WITHSCORES')
  end
  local light = several and oldest and rule == 'least_loaded' and c.channel == 'chat'
  if light then idle = redis.call('ZRANGE', K.light(class), 0, last, 'WITHSCORES') end
  for i = 1, #idle, 2 do
    if not c.declined or not excluded(id, idle[i]) then
      local since = tonumber(idle[i + 1])
      local load = light and math.floor(since / LOAD) or 0
      return { agent = idle[i], since = since - load * LOAD, load = load, class = class, band = band,
        newcomer = newcomer, house = house, breadth = 0, chance = chance }, oldest
    end
  end
  return nil, oldest
end

local function before(x, y, rule)
  if rule == 'least_loaded' and x.load ~= y.load then return x.load < y.load end
  if rule == 'best_rated' and x.band ~= y.band then return x.band > y.band end
  if rule == 'least_scarce' and x.breadth ~= y.breadth then return x.breadth < y.breadth end
  if rule == 'random' and x.chance ~= y.chance then return x.chance < y.chance end
  if x.since ~= y.since then return x.since < y.since end
  return x.agent < y.agent
end

-- Idle agents for a contact, the head of each class, longest idle first; exact for the first.
-- A class is listed by a lower bound of its longest idle; one with nobody idle is dropped here.
local function candidates(id, c, rule)
  local key, channel = K.idle_classes(c.kind), c.channel
  local found, n, moved, from, blocked = {}, 0, nil, 0, false
  local enough = false
  while not enough and n < CLASSES_SEEN and from < CLASSES_PASSED do
    local classes = redis.call('ZRANGE', key, from, from + 7, 'WITHSCORES')
    for i = 1, #classes, 2 do
      local class, low = classes[i], tonumber(classes[i + 1])
      if n > 0 and rule == 'longest_idle' and low > found[1].since then
        enough = true
        break
      end
      local best, oldest = head_of_class(id, c, class, rule)
      if not oldest then
        redis.call('ZREM', key, class)
        redis.call('SADD', K.dropped(class, channel), c.kind)
        redis.call('HSET', K.class(class), DROPPED[channel], 'some')
      else
        from = from + 1
        if oldest ~= low then
          redis.call('HSET', K.class(class), RAISED[channel], oldest)
          moved = moved or {}
          moved[#moved + 1], moved[#moved + 2] = oldest, class
        end
        if best and best.house and not for_experts(c.kind) and kept_for_experts(channel) then
          blocked = true
        elseif best then
          if rule == 'least_scarce' then
            best.breadth = tonumber(redis.call('HGET', K.class(class), 'breadth:' .. channel) or 0)
          end
          n = n + 1
          found[n] = best
          if best.since < found[1].since then found[1], found[n] = best, found[1] end
        end
      end
    end
    if #classes < 16 then break end
  end
  -- after the walk, which goes by places
  if moved then redis.call('ZADD', key, unpack(moved)) end
  return found, blocked
end

-- A step's strategy and its parameters after slashes: best_rated/<newcomer share>/<most passes>,
-- others <strategy>/<most passes>. Policies have few, so that they are remembered.
local rules = {}
local function rule_of(strategy)
  local known = rules[strategy]
  if not known then
    local rule, first, second = string.match(strategy, '^([%a_]+)/?([%d.]*)/?([%d.]*)$')
    known = { rule = rule, share = 0, most = tonumber(first) or 0 }
    if rule == 'best_rated' then known.share, known.most = known.most, tonumber(second) or 0 end
    rules[strategy] = known
  end
  return known
end

local function choose(id, c, found, strategy)
  local rule = strategy.rule
  if rule == 'longest_idle' then return found[1], rule end
  local newcomers = strategy.share > 0 and draw(c, id) < strategy.share
  local best
  for _, each in ipairs(found) do
    if newcomers and each.newcomer then each.band = each.band + 10 end
    if not best or before(each, best, rule) then best = each end
  end
  if strategy.most > 0 then
    -- who is idle longest is passed over so often and no more
    if best.agent == found[1].agent then
      redis.call('DEL', K.passed(c.kind))
    elseif redis.call('INCR', K.passed(c.kind)) > strategy.most then
      redis.call('DEL', K.passed(c.kind))
      return found[1], 'turn'
    end
  end
  return best, newcomers and best.newcomer and 'newcomer' or rule
end

-- A waiting contact looks for an agent; answers the offer made, if any, and whether it waits for
-- the preferred agent alone.
local function match_contact(id, c)
  if loading then return nil end
  if c.declined == nil then c.declined = redis.call('EXISTS', K.excluded(id)) == 1 end
  local wanted = preferred(id, c)
  if wanted then
    if idle_on(wanted, c.channel) then return make_offer(id, c, wanted, 'preferred') end
    if c.prefer_until and now < c.prefer_until then return nil, true end
  end
  local strategy = rule_of(c.strategy)
  local found, blocked = candidates(id, c, strategy.rule)
  if #found == 0 then
    if blocked then hold_back(c.kind) end
    return nil
  end
  local best, why = choose(id, c, found, strategy)
  return make_offer(id, c, agent_of(best.agent), why, #found, ',"band":' .. best.band .. ',"idle":' ..
    redis.call('ZCARD', K.idle(best.class, c.channel)))
end

-- The first contact of a line that this agent did not decline, with its effective arrival; and
-- the effective arrival of the head, nil when the line is empty. `a`: they must be able to serve it.
local function head_of_line(key, agent, a)
  local first
  local from, to = 0, 0
  while from < HEADS_SEEN do
    local heads = redis.call('ZRANGE', key, from, to, 'WITHSCORES')
    if #heads == 0 then break end
    first = first or tonumber(heads[2])
    for i = 1, #heads, 2 do
      if not excluded(heads[i], agent) and (not a or could_serve(a, contact_of(heads[i]))) then
        return heads[i], tonumber(heads[i + 1]), first
      end
    end
    from, to = to + 1, to + 8
  end
  return nil, nil, first
end

-- The oldest contact in the lines of this channel that the agent's class may serve.
local function oldest_in_lines(a, channel)
  local open = redis.call('ZINTER', 2, K.lines(channel), K.kinds(a.cls, channel), 'WEIGHTS', 1, 0,
    'WITHSCORES')
  local best, score
  for i = 1, #open, 2 do
    local kind, low = open[i], tonumber(open[i + 1])
    if score and low > score then break end
    if a.house == '1' and not for_experts(kind) and kept_for_experts(channel) then
      hold_back(kind)
    else
      local head, at, first = head_of_line(K.line(kind), a.id)
      if not first then
        redis.call('ZREM', K.lines(channel), kind)
      elseif first ~= low then
        redis.call('ZADD', K.lines(channel), first, kind)
      end
      if head and (not score or at < score or (at == score and head < best)) then
        best, score = head, at
      end
    end
  end
  return best, score
end

-- An agent who can take one more looks for a contact: the oldest, those who prefer them ahead.
local function match_agent(a)
  if loading then return nil end
  local best, score, why
  for _, channel in ipairs(CHANNELS) do
    if idle_on(a, channel) then
      local own, own_at = head_of_line(K.own(a.id, channel), a.id, a)
      if own and (not score or own_at - OWN_AHEAD_MS < score) then
        best, score, why = own, own_at - OWN_AHEAD_MS, 'preferred'
      end
      local head, at = oldest_in_lines(a, channel)
      if head and (not score or at < score or (at == score and head < best)) then
        best, score, why = head, at, 'freed'
      end
    end
  end
  if best then
    return make_offer(best, contact_of(best, true), a, why)
  end
end

-- Takes back the live offer of a contact: the agent is told why and free again; the caller matches
-- them. Answers the agent, and what the truth keeps of an offer that was withdrawn.
local function take_back(offer, why, restart)
  local o = hash(K.offer(offer))
  redis.call('DEL', K.offer(offer))
  redis.call('ZREM', K.due(), offer)
  if not o.agent then return nil end
  local a = agent_of(o.agent)
  drop_hand(a, offer, restart)
  place_agent(a)
  local contact = parts_of(offer)
  emit('offer_gone', 'agent', o.agent, 'offer', offer, 'contact', contact, 'why', why)
  return a, { offer = offer, contact = contact, agent = o.agent, made_ms = tonumber(o.made), why = o.why }
end

-- What a contact that leaves its line or its agent lets go of: an offer is withdrawn, a handling
-- goes on to wrap-up. Answers who is free again, and the withdrawn offer for the truth.
local function let_go(id, c)
  out_of_queue(id, c)
  if not present(c.offer) then return nil end
  if c.st ~= 'handling' then
    local agent, taken = take_back(c.offer, 'withdrawn')
    -- it counts for the queue that it was made in
    if taken then taken.queue = c.queue end
    return agent, taken
  end
  local a = agent_of(c.agent)
  begin_wrapup(a, c.offer)
  place_agent(a)
  emit('handling', 'agent', c.agent, 'contact', id, 'offer', c.offer)
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
