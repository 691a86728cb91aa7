-- Included: which idle agent a contact is held out to. Each step of a policy has a strategy; stands
-- are told apart by their names, and looked at only as far as the strategy needs.

local STANDS_SEEN = 24       -- stands with somebody idle that a strategy chooses among
local STANDS_AT_ONCE = 4     -- of these read first where the longest idle is asked
local STANDS_PASSED = 256    -- stands read in all, with those kept for experts or excluded
local STANDS_SWEPT = 3       -- looked at besides, where there are more than are seen
local AGENTS_SEEN = 16       -- idle agents of one stand looked at, past those excluded

-- A number from 0 to 1 that differs from try to try and is the same when the same try is repeated.
local function draw(c, id, other)
  local mixed = (tonumber(string.sub(id, 1, 8), 16) or 0) + (tonumber(c.attempt) + 1) * 40503001
  if other then mixed = mixed + (tonumber(string.sub(other, 1, 8), 16) or 0) * 62089911 % 4294967296 end
  return mixed % 4294967296 * 69069 % 4294967296 / 4294967296
end

-- Whether customers must leave the last idle 2nd-level agents of this channel to experts.
-- `a`: one who looks for a contact, and may not be counted yet.
local function kept_for_experts(channel, a)
  local known = reserve[channel]
  if not known then
    local v = redis.call('HMGET', K.house(), 'share', 'in', 'idle:v', 'idle:c', 'idle:x', 'idle:vc',
      'idle:vx', 'idle:cx', 'idle:vcx')
    local with = channel == 'voice' and { 3, 6, 7, 9 } or channel == 'chat' and { 4, 6, 8, 9 } or { 5, 7, 8, 9 }
    local idle = 0
    for _, n in ipairs(with) do idle = idle + tonumber(v[n] or 0) end
    local share = tonumber(v[1] or 0)
    known = { idle = idle, kept = share > 0 and math.ceil(share * tonumber(v[2] or 0)) or -1 }
    reserve[channel] = known
  end
  local idle = known.idle
  if a and not string.find(letters_of(a.at), LETTERS[channel], 1, true) then idle = idle + 1 end
  return idle - 1 < known.kept
end

-- A kind's name ends with its channel and its lane (kinds.py).
local function for_experts(kind) return string.byte(kind, -1) == 101 end

local function hold_back(kind)
  redis.call('ZADD', K.held_back(), 'NX', now, kind)
end

-- What a strategy goes by first, told by a stand's name: the lowest is asked. Then who is idle longest.
local function rank_of(stand, rule, channel, newcomers)
  if rule == 'best_rated' then
    return -stand.band - (newcomers and stand.newcomer and 10 or 0)
  elseif rule == 'least_loaded' then
    return channel == 'chat' and stand.load or 0
  elseif rule == 'least_scarce' then
    return stand.breadth[channel]
  end
  return 0
end

-- The idle agent of the n-th stand to be asked first, false when nobody there may be; read when it
-- is looked at, and once. A stand with nobody idle is dropped.
local function head_of(look, n)
  local head = look.heads[n]
  if head ~= nil then return head end
  head = false
  local name = look.names[n]
  local idle = redis.call('ZRANGE', K.stand(name), 0, look.declined and AGENTS_SEEN - 1 or 0, 'WITHSCORES')
  if not idle[1] then
    redis.call('ZREM', look.key, name)
    redis.call('SADD', K.dropped(name), look.kind)
    local stand = stand_named(name)
    redis.call('HSET', K.class(stand.class), stand.dropped, '1')
    look.gone = look.gone + 1
  else
    look.firsts[n] = idle[2]
    for i = 1, #idle, 2 do
      if not look.declined or not excluded(look.id, idle[i]) then
        head = { agent = idle[i], since = tonumber(idle[i + 1]), stand = name }
        break
      end
    end
  end
  look.heads[n] = head
  return head
end

-- A stand is listed by a lower bound of its longest idle. Whose bound had it looked at in vain is
-- listed by what was found; who is asked is gone from there in a moment, and looked at next time.
local function correct(look, n)
  local first = look.firsts[n]
  if not first or tonumber(first) == look.lows[n] then return end
  local name = look.names[n]
  local stand = stand_named(name)
  redis.call('HSET', K.class(stand.class), stand.raised, first)
  look.firsts[n] = false
  local moved = look.moved or {}
  moved[#moved + 1], moved[#moved + 2] = first, name
  look.moved = moved
end

-- The longest idle on the stands of this rank (nil: on any).
local function longest_idle(look, rank)
  local best, at
  for n = 1, #look.names do
    if not rank or look.ranks[n] == rank then
      if best and look.lows[n] > best.since then break end
      local head = head_of(look, n)
      if head and (not best or head.since < best.since or head.since == best.since and head.agent < best.agent) then
        if at then correct(look, at) end
        best, at = head, n
      else
        correct(look, n)
      end
    end
  end
  return best
end

-- The longest idle on the stands of the lowest rank that has somebody.
local function lowest_rank(look)
  local best, tried
  repeat
    local rank
    for _, each in ipairs(look.ranks) do
      if (not tried or each > tried) and (not rank or each < rank) then rank = each end
    end
    if not rank then return nil end
    best, tried = longest_idle(look, rank), rank
  until best
  return best
end

-- Anybody: a stand counts for as many as it has.
local function by_lot(look, c)
  local best, least
  for n, name in ipairs(look.names) do
    local head = head_of(look, n)
    if head then
      local drawn, here = draw(c, look.id, name), redis.call('ZCARD', K.stand(name))
      local chance = 1 - drawn ^ (1 / here)
      if not least or chance < least then
        best, least = head, chance
        if not look.declined then
          local place = math.floor(drawn * 4096 % 1 * here)
          local idle = redis.call('ZRANGE', K.stand(name), place, place, 'WITHSCORES')
          best = { agent = idle[1], since = tonumber(idle[2]), stand = name }
        end
      end
    end
  end
  return best
end

-- A step's strategy and its parameters after slashes: best_rated/<newcomer share>/<most passes>,
-- others <strategy>/<most passes>.
local rule_of = remembered(200, function(strategy)
  local rule, first, second = string.match(strategy, '^([%a_]+)/?([%d.]*)/?([%d.]*)$')
  local known = { rule = rule, share = 0, most = tonumber(first) or 0 }
  if rule == 'best_rated' then known.share, known.most = known.most, tonumber(second) or 0 end
  return known
end)

local function choose(look, c, strategy)
  local rule = strategy.rule
  if rule == 'longest_idle' then return longest_idle(look), rule end
  local best = rule == 'random' and by_lot(look, c) or rule ~= 'random' and lowest_rank(look)
  if not best then return nil end
  if strategy.most > 0 then
    -- who is idle longest is passed over so often and no more
    local first = longest_idle(look)
    if best.agent == first.agent then
      redis.call('DEL', K.passed(c.kind))
    elseif redis.call('INCR', K.passed(c.kind)) > strategy.most then
      redis.call('DEL', K.passed(c.kind))
      return first, 'turn'
    end
  end
  return best, look.newcomers and stand_named(best.stand).newcomer and 'newcomer' or rule
end

-- Who is to be asked for a contact, why, and out of how many stands; and whether some were passed
-- over because they are kept for experts. Stands come by how long their longest idle is idle.
local function candidate(id, c)
  local strategy, channel = rule_of(c.strategy), c.channel
  local rule = strategy.rule
  local look = { id = id, kind = c.kind, key = K.stands(c.kind), declined = c.declined, names = {},
    lows = {}, ranks = {}, heads = {}, firsts = {}, gone = 0,
    newcomers = strategy.share > 0 and draw(c, id) < strategy.share }
  local names, lows, ranks = look.names, look.lows, look.ranks
  local from, n, blocked = 0, 0, false
  local at_once = rule == 'longest_idle' and STANDS_AT_ONCE or STANDS_SEEN
  local best, why
  repeat
    local found = redis.call('ZRANGE', look.key, from - look.gone, from - look.gone + at_once - 1, 'WITHSCORES')
    for i = 1, #found, 2 do
      local stand = stand_named(found[i])
      if stand.house and not for_experts(c.kind) and kept_for_experts(channel) then
        blocked = true
      else
        n = n + 1
        names[n], lows[n] = found[i], tonumber(found[i + 1])
        ranks[n] = rank_of(stand, rule, channel, look.newcomers)
      end
    end
    local last = #found < 2 * at_once
    if not last and rule ~= 'longest_idle' then
      -- where not all are seen, some are looked at for their own sake: those that nobody stands on
      -- any more, and whom no strategy would look at, must not fill what is seen
      local start = math.floor(draw(c, id, found[1]) * n)
      for k = 1, math.min(n, STANDS_SWEPT) do head_of(look, (start + k) % n + 1) end
    end
    -- of the longest idle it must be certain that nobody further on is idle for longer
    best, why = choose(look, c, strategy)
    from = from + at_once
    at_once = STANDS_SEEN
  until last or best and (rule ~= 'longest_idle' or lows[n] > best.since) or from >= STANDS_PASSED
  -- after the walk, which goes by places
  if look.moved then redis.call('ZADD', look.key, unpack(look.moved)) end
  return best, why, n, blocked
end
