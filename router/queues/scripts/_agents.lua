-- Included: what an agent holds, and where an agent is found when idle.
-- An agent has at most one open offer; what they hold (open offers and handlings) is the hash
-- `hands`, and the load per channel is always counted together with it.

local CHANNELS = { 'voice', 'chat', 'video' }
local MEDIA = { voice = true, video = true }

-- A call blocks calls and video, for one person has one voice; chats go on beside it.
local function has_room(a, channel)
  local cap = tonumber(a['cap:' .. channel] or 0)
  if tonumber(a['n:' .. channel] or 0) >= cap then return false end
  if MEDIA[channel] then
    return tonumber(a['n:voice'] or 0) + tonumber(a['n:video'] or 0) == 0 or cap > 1
  end
  return true
end

-- What is asked of an agent at each change; reading the whole hash costs three times as much.
local ASKED = { 'st', 'cls', 'idle', 'offer', 'shown', 'n:voice', 'n:chat', 'n:video', 'cap:voice',
  'cap:chat', 'cap:video', 'at:voice', 'at:chat', 'at:video' }

local function read_agent(id)
  local values = redis.call('HMGET', K.agent(id), unpack(ASKED))
  local a = {}
  for i, name in ipairs(ASKED) do a[name] = values[i] or nil end
  return a
end

local function idle_on(a, channel)
  return a.st == 'available' and not present(a.offer) and has_room(a, channel)
end

local function class_kinds(class, channel)
  local text = redis.call('HGET', K.class(class), 'kinds:' .. channel)
  return text and cjson.decode(text) or {}
end

-- Counts one more or less idle agent of a class; the kinds hear only of none ↔ one.
local function count_idle(class, channel, by)
  local n = redis.call('HINCRBY', K.class(class), 'idle:' .. channel, by)
  if by == 1 and n == 1 then
    for _, kind in ipairs(class_kinds(class, channel)) do
      redis.call('SADD', K.idle_classes(kind), class)
    end
  elseif by == -1 and n == 0 then
    for _, kind in ipairs(class_kinds(class, channel)) do
      redis.call('SREM', K.idle_classes(kind), class)
    end
  end
end

local function count_signed_in(class, by)
  local n = redis.call('HINCRBY', K.class(class), 'signed', by)
  if (by == 1 and n == 1) or (by == -1 and n == 0) then
    local verb = by == 1 and 'SADD' or 'SREM'
    for _, channel in ipairs(CHANNELS) do
      for _, kind in ipairs(class_kinds(class, channel)) do
        redis.call(verb, K.able_classes(kind), class)
      end
    end
  end
end

local function agent_state(id, a)
  if present(a.offer) then return 'offered' end
  local wrapup = false
  for _, at in ipairs(redis.call('HVALS', K.hands(id))) do
    if string.sub(at, -7) ~= '/wrapup' then return 'busy' end
    wrapup = true
  end
  if wrapup then return 'wrapup' end
  return a.st or 'offline'
end

-- Puts the agent into the idle sets that their state, class and load say.
local function index_agent(id, a)
  local key = K.agent(id)
  for _, channel in ipairs(CHANNELS) do
    local was = a['at:' .. channel]
    local load = a['n:' .. channel] or '0'
    local will = idle_on(a, channel) and (a.cls .. '|' .. load) or nil
    if was and was ~= will then
      local class, at = string.match(was, '^(.-)|(.*)$')
      redis.call('ZREM', K.idle(class, channel, at), id)
      count_idle(class, channel, -1)
      redis.call('HDEL', key, 'at:' .. channel)
    end
    if will then
      redis.call('ZADD', K.idle(a.cls, channel, load), a.idle, id)
      if was ~= will then
        count_idle(a.cls, channel, 1)
        redis.call('HSET', key, 'at:' .. channel, will)
      end
    end
  end
end

-- Indexes the agent and shows the floor what became of them: after every change of hash or hands.
local function place_agent(id)
  local key = K.agent(id)
  local a = read_agent(id)
  index_agent(id, a)
  local state = agent_state(id, a)
  if state ~= a.shown then
    redis.call('HSET', key, 'shown', state, 'shown_since', now)
    -- on the floor while signed in or holding something: that changes with the state alone
    redis.call(state == 'offline' and 'SREM' or 'SADD', K.agents(), id)
  end
  emit({ t = 'agent', agent = id })
end

local function take_hand(agent, offer, channel)
  if redis.call('HSETNX', K.hands(agent), offer, channel) == 1 then
    redis.call('HINCRBY', K.agent(agent), 'n:' .. channel, 1)
  end
end

-- Lets go of an offer or handling; the agent has worked, so their idle time starts anew if `worked`.
local function drop_hand(agent, offer, worked)
  local at = redis.call('HGET', K.hands(agent), offer)
  if at then
    redis.call('HDEL', K.hands(agent), offer)
    redis.call('HINCRBY', K.agent(agent), 'n:' .. string.match(at, '^%a+'), -1)
    if worked then redis.call('HSET', K.agent(agent), 'idle', now) end
  end
  if redis.call('HGET', K.agent(agent), 'offer') == offer then
    redis.call('HDEL', K.agent(agent), 'offer')
  end
end
