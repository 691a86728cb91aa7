-- Included: what an agent holds, and where an agent is found when idle.
-- An agent has at most one open offer; what they hold (open offers and handlings) is the hash
-- `hands`, and the load per channel is always counted together with it. A call reads an agent
-- once, changes the record with `set`, and writes it with `place_agent`.

local CHANNELS = { 'voice', 'chat', 'video' }
local LOAD = 1e13   -- in `light`, one more chat counts for more than any idle time

-- Names of fields by channel, spelled once.
local N = { voice = 'n:voice', chat = 'n:chat', video = 'n:video' }
local CAP = { voice = 'cap:voice', chat = 'cap:chat', video = 'cap:video' }
local AT = { voice = 'at:voice', chat = 'at:chat', video = 'at:video' }
local RAISED = { voice = 'raised:voice', chat = 'raised:chat', video = 'raised:video' }
local DROPPED = { voice = 'dropped:voice', chat = 'dropped:chat', video = 'dropped:video' }

local function agent_of(id)
  local a = records[id]
  if a then return a end
  local v = redis.call('HMGET', K.agent(id), 'st', 'cls', 'idle', 'offer', 'shown', 'house', 'wraps',
    'blocks', 'cap:all', 'n:voice', 'n:chat', 'n:video', 'cap:voice', 'cap:chat', 'cap:video',
    'at:voice', 'at:chat', 'at:video')
  -- `changed`: names and values in turn, as they are written
  a = { id = id, changed = {}, st = v[1] or nil, cls = v[2] or nil, idle = v[3] or nil,
    offer = v[4] or nil, shown = v[5] or nil, house = v[6] or nil, wraps = v[7] or nil,
    blocks = v[8] or nil, ['cap:all'] = v[9] or nil, ['n:voice'] = v[10] or nil,
    ['n:chat'] = v[11] or nil, ['n:video'] = v[12] or nil, ['cap:voice'] = v[13] or nil,
    ['cap:chat'] = v[14] or nil, ['cap:video'] = v[15] or nil, ['at:voice'] = v[16] or nil,
    ['at:chat'] = v[17] or nil, ['at:video'] = v[18] or nil }
  records[id] = a
  return a
end

local function set(a, name, value)
  a[name] = value
  local changed = a.changed
  local n = #changed
  changed[n + 1], changed[n + 2] = name, value
end

local function load_of(a, channel) return tonumber(a[N[channel]] or 0) end

-- Room on a channel: under its capacity and that of all together, and nothing held that blocks it
-- (a call blocks video, for one person has one voice; by the workspace's rules).
local function has_room(a, channel)
  if load_of(a, channel) >= tonumber(a[CAP[channel]] or 0) then return false end
  local all = 0
  for _, other in ipairs(CHANNELS) do
    local n = load_of(a, other)
    if n > 0 and other ~= channel and
      string.find(a.blocks or '', other .. '>' .. channel, 1, true) then
      return false
    end
    all = all + n
  end
  return not a['cap:all'] or all < tonumber(a['cap:all'])
end

local function idle_on(a, channel)
  return a.st == 'available' and not present(a.offer) and has_room(a, channel)
end

-- What a class's name tells: rating band, whether of the 2nd level, whether newcomers, whether
-- agents of it take several chats (kinds.py).
local function rank_of(class)
  local band, house, newcomer, several = string.byte(class, -4, -1)
  return band - 48, house == 49, newcomer == 49, several == 49
end

-- A class that has somebody idle again goes back to the kinds that had dropped it meanwhile.
local function list_class(class, channels, since)
  local names = {}
  for i, channel in ipairs(channels) do names[i] = DROPPED[channel] end
  local dropped = redis.call('HMGET', K.class(class), unpack(names))
  for i, channel in ipairs(channels) do
    if dropped[i] then
      local from = dropped[i] == 'all' and K.kinds(class, channel) or K.dropped(class, channel)
      for _, kind in ipairs(redis.call('SMEMBERS', from)) do
        redis.call('ZADD', K.idle_classes(kind), since, class)
      end
      redis.call('DEL', K.dropped(class, channel))
      redis.call('HDEL', K.class(class), names[i])
      -- no kind lists the class by a later bound than this
      local raised = redis.call('HGET', K.class(class), RAISED[channel])
      if not raised or tonumber(raised) < tonumber(since) then
        redis.call('HSET', K.class(class), RAISED[channel], since)
      end
    end
  end
end

-- Somebody who has been idle for long comes back (their offer was withdrawn): where the class was
-- given a later bound, because they were away when it was looked at, the bound is lowered.
local function lower_class(class, channel, since)
  local raised = redis.call('HGET', K.class(class), RAISED[channel])
  if not raised or tonumber(raised) <= tonumber(since) then return end
  redis.call('HSET', K.class(class), RAISED[channel], since)
  for _, kind in ipairs(redis.call('SMEMBERS', K.kinds(class, channel))) do
    redis.call('ZADD', K.idle_classes(kind), 'XX', 'LT', since, class)
  end
end

local function leave_idle(a, channel, class)
  redis.call('ZREM', K.idle(class, channel), a.id)
  if channel == 'chat' then
    local _, _, _, several = rank_of(class)
    if several then redis.call('ZREM', K.light(class), a.id) end
  end
end

local function join_idle(a, channel)
  redis.call('ZADD', K.idle(a.cls, channel), a.idle, a.id)
  -- of calls an agent takes one, so that only chats can be spread by load
  if channel == 'chat' then
    local _, _, _, several = rank_of(a.cls)
    if several then
      redis.call('ZADD', K.light(a.cls), load_of(a, channel) * LOAD + a.idle, a.id)
    end
  end
end

-- Puts the agent into the idle sets that their state, class and load say. `restarted`: their idle
-- time has begun anew; else it goes on, and who joins may be older than whoever is there.
local function index_agent(a, restarted)
  local added
  for _, channel in ipairs(CHANNELS) do
    local at = AT[channel]
    local was = a[at] ~= '' and a[at] or nil
    local will = idle_on(a, channel) and (a.cls .. '|' .. load_of(a, channel)) or nil
    if was ~= will then
      if was then leave_idle(a, channel, string.match(was, '^[^|]+')) end
      set(a, at, will or '')
      if will then
        added = added or {}
        added[#added + 1] = channel
      end
      -- more idle 2nd-level agents: who was held back for the reserve looks again
      if a.house == '1' and (was == nil) ~= (will == nil) then
        redis.call('HINCRBY', K.house(), 'idle:' .. channel, will and 1 or -1)
        risen, reserve = risen or will ~= nil, {}
      end
    end
    if will and (was ~= will or restarted) then join_idle(a, channel) end
    if will and not was and not restarted then lower_class(a.cls, channel, a.idle) end
  end
  if added then list_class(a.cls, added, a.idle) end
end

local function agent_state(a)
  if present(a.offer) then return 'offered' end
  local all = load_of(a, 'voice') + load_of(a, 'chat') + load_of(a, 'video')
  if all > tonumber(a.wraps or 0) then return 'busy' end
  if all > 0 then return 'wrapup' end
  return a.st or 'offline'
end

-- Indexes and writes the agent: after every change. Whoever changed them tells it.
local function place_agent(a)
  index_agent(a, a.restarted)
  a.restarted = nil
  local state = agent_state(a)
  if state ~= a.shown then
    -- on the floor while signed in or holding something: that changes with the state alone
    if state == 'offline' or not present(a.shown) or a.shown == 'offline' then
      redis.call(state == 'offline' and 'SREM' or 'SADD', K.agents(), a.id)
    end
    set(a, 'shown', state)
    set(a, 'shown_since', now_text)
  end
  if #a.changed > 0 then
    redis.call('HSET', K.agent(a.id), unpack(a.changed))
    a.changed = {}
  end
end

-- `known`: the offer is new, so that nothing can hold it yet.
local function take_hand(a, offer, channel, known)
  if known then
    redis.call('HSET', K.hands(a.id), offer, channel)
  elseif redis.call('HSETNX', K.hands(a.id), offer, channel) == 0 then
    return
  end
  set(a, N[channel], load_of(a, channel) + 1)
end

-- A handling's conversation is over and its hand still held.
local function begin_wrapup(a, offer)
  local at = redis.call('HGET', K.hands(a.id), offer)
  if at and string.sub(at, -7) ~= '/wrapup' then
    redis.call('HSET', K.hands(a.id), offer, at .. '/wrapup')
    set(a, 'wraps', tonumber(a.wraps or 0) + 1)
  end
end

-- Lets go of an offer or handling; `restart`: their idle time starts anew.
local function drop_hand(a, offer, restart)
  local at = redis.call('HGET', K.hands(a.id), offer)
  if at then
    redis.call('HDEL', K.hands(a.id), offer)
    local channel = string.match(at, '^%a+')
    set(a, N[channel], load_of(a, channel) - 1)
    if string.sub(at, -7) == '/wrapup' then set(a, 'wraps', tonumber(a.wraps or 0) - 1) end
    if restart then
      set(a, 'idle', now_text)
      a.restarted = true
    end
  end
  if a.offer == offer then set(a, 'offer', '') end
end
