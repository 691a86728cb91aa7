-- Included: which idle agent a contact is held out to. A kind lists the stands of those who may be
-- asked in the order of its strategy (see `score_in`), so that a few are looked at, however many
-- there are.

local STANDS_AT_ONCE = 2     -- stands read at first
local STANDS_MORE = 8        -- and then at a time
local STANDS_PASSED = 256    -- in all, with those kept for experts, excluded, or without anybody
local RANKS_SEEN = 24        -- ranks looked at for the longest idle of all
local STANDS_DRAWN = 4       -- stands that are drawn where anybody is asked
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

-- The idle agent of a stand to be asked first, and since when its longest idle is idle: both nil
-- when nobody is there, and then the stand is dropped; the first nil when nobody may be asked.
local function head_of(look, name)
  local idle = redis.call('ZRANGE', K.stand(name), 0, look.excluded and AGENTS_SEEN - 1 or 0, 'WITHSCORES')
  if not idle[1] then
    redis.call('ZREM', look.key, name)
    redis.call('SADD', K.dropped(name), look.kind)
    local stand = stand_named(name)
    redis.call('HSET', K.class(stand.class), stand.dropped, '1')
    look.gone = look.gone + 1
    return nil
  end
  look.seen = look.seen + 1
  for i = 1, #idle, 2 do
    if not excluded(look.excluded, idle[i]) then
      return { agent = idle[i], since = tonumber(idle[i + 1]), stand = name }, tonumber(idle[2])
    end
  end
  return nil, tonumber(idle[2])
end

-- A stand is listed by a lower bound of its longest idle. One that was looked at in vain is listed
-- by what was found; who is asked is gone in a moment, and their stand is looked at next time.
local function correct(look, name, rank, low, first)
  if first == low then return end
  local stand = stand_named(name)
  redis.call('HSET', K.class(stand.class), stand.raised, first)
  local moved = look.moved or {}
  moved[#moved + 1], moved[#moved + 2] = rank * RANK + first, name
  look.moved = moved
end

local function earlier(x, y)
  return not y or x.since < y.since or x.since == y.since and x.agent < y.agent
end

-- The longest idle of the lowest rank that has somebody, and that rank; of stands with scores
-- between these.
local function first_of(look, from, to)
  local best, rank, low_of, first_of_best
  local gone, offset, at_once = look.gone, 0, STANDS_AT_ONCE
  while offset < STANDS_PASSED do
    local found = redis.call('ZRANGE', look.key, from, to, 'BYSCORE', 'LIMIT', offset - (look.gone - gone),
      at_once, 'WITHSCORES')
    for i = 1, #found, 2 do
      local name, score = found[i], tonumber(found[i + 1])
      local at = math.floor(score / RANK)
      local low = score - at * RANK
      if best and (at > rank or low > best.since) then return best, rank end
      if look.customers and stand_named(name).house and kept_for_experts(look.channel) then
        look.blocked = true
      else
        local head, first = head_of(look, name)
        if head and earlier(head, best) then
          if best then correct(look, best.stand, rank, low_of, first_of_best) end
          best, rank, low_of, first_of_best = head, at, low, first
        elseif first then
          correct(look, name, at, low, first)
        end
      end
    end
    if #found < 2 * at_once then break end
    offset, at_once = offset + at_once, STANDS_MORE
  end
  return best, rank
end

local function first_of_rank(look, rank)
  return first_of(look, rank * RANK, (rank + 1) * RANK - 1)
end

-- By band, then idle time. Newcomers of a band have a rank of their own before the others', so that
-- they are found where a contact is one for newcomers.
local function best_rated(look, newcomers)
  if newcomers then
    for band = 9, 0, -1 do
      local best = first_of_rank(look, 2 * (9 - band))
      if best then return best, true end
    end
  end
  local best, rank = first_of(look, '-inf', '+inf')
  if best and rank % 2 == 0 then
    local other = first_of_rank(look, rank + 1)
    if other and earlier(other, best) then best = other end
  end
  return best
end

local function longest_of_all(look)
  local best, from = nil, '-inf'
  for _ = 1, RANKS_SEEN do
    local head, rank = first_of(look, from, '+inf')
    if not head then break end
    if earlier(head, best) then best = head end
    from = (rank + 1) * RANK
  end
  return best
end

-- Anybody: of some stands that are drawn, each counts for as many as it has.
local function by_lot(look, c)
  local listed = redis.call('ZCARD', look.key)
  if listed == 0 then return nil end
  local drawn = draw(c, look.id)
  local all = listed <= STANDS_DRAWN
  local start, apart = math.floor(drawn * listed), math.floor(listed / STANDS_DRAWN)
  local names = all and redis.call('ZRANGE', look.key, 0, -1) or {}
  for k = 1, all and 0 or STANDS_DRAWN do
    local place = (start + k * apart) % listed
    names[k] = redis.call('ZRANGE', look.key, place, place)[1]
  end
  local best, least, count
  for _, name in ipairs(names) do
    if look.customers and stand_named(name).house and kept_for_experts(look.channel) then
      look.blocked = true
    else
      local head = head_of(look, name)
      if head then
        local here = redis.call('ZCARD', K.stand(name))
        local chance = 1 - draw(c, look.id, name) ^ (1 / here)
        if not least or chance < least then best, least, count = head, chance, here end
      end
    end
  end
  -- those drawn may be gone, or not to be asked
  if not best then return (first_of(look, '-inf', '+inf')) end
  if not look.excluded and count > 1 then
    local place = math.floor(drawn * 4096 % 1 * count)
    local idle = redis.call('ZRANGE', K.stand(best.stand), place, place, 'WITHSCORES')
    return { agent = idle[1], since = tonumber(idle[2]), stand = best.stand }
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
  local best, newcomer
  if rule == 'best_rated' then
    best, newcomer = best_rated(look, strategy.share > 0 and draw(c, look.id) < strategy.share)
  elseif rule == 'random' then
    best = by_lot(look, c)
  else
    best = first_of(look, '-inf', '+inf')
  end
  if not best then return nil end
  -- who is idle longest is passed over so often and no more: every so many contacts are theirs
  if strategy.most > 0 and redis.call('INCR', K.passed(c.kind)) > strategy.most then
    redis.call('DEL', K.passed(c.kind))
    local first = longest_of_all(look)
    if first.agent ~= best.agent then return first, 'turn' end
  end
  return best, newcomer and 'newcomer' or rule
end

-- Who is to be asked for a contact, why, and out of how many stands; and whether some were passed
-- over because they are kept for experts.
local function candidate(id, c)
  local look = { id = id, kind = c.kind, key = K.stands(c.kind), excluded = present(c.excluded) and c.excluded,
    channel = c.channel, customers = not for_experts(c.kind), gone = 0, seen = 0 }
  local best, why = choose(look, c, rule_of(c.strategy))
  -- after the walk, which goes by places
  if look.moved then redis.call('ZADD', look.key, unpack(look.moved)) end
  return best, why, look.seen, look.blocked
end
