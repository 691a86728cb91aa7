-- Included: what an agent holds, and where an agent is found when idle.
-- An agent has at most one open offer, and handlings: the hash `hands`. The load per channel counts
-- both, together with them. A call reads an agent once, changes the record, and writes it with
-- `place_agent`.
-- Idle agents of one class with the same room stand together, like cabs: a *stand* is named
-- `class/room`, the room being letters of the channels that they could take one more of, and how
-- many chats they have. Whoever is idle is on one stand, whatever they could take.

local CHANNELS = { 'voice', 'chat', 'video' }
local LETTERS = { voice = 'v', chat = 'c', video = 'x' }
local CHANNEL_OF = { [118] = 'voice', [99] = 'chat', [120] = 'video' }   -- by the byte of the letter
local RANK = 4e12   -- more than any time in milliseconds

-- What a class's name tells (kinds.py): rating band, 2nd level, newcomers, kinds per channel.
local class_named = remembered(5000, function(class)
  local band, house, newcomer, voice, chat, video =
    string.match(class, '^%x+%.(%d)(%d)(%d)%.(%d+)%.(%d+)%.(%d+)$')
  return { band = tonumber(band), house = house == '1', newcomer = newcomer == '1',
    breadth = { voice = tonumber(voice), chat = tonumber(chat), video = tonumber(video) } }
end)

local stand_named = remembered(5000, function(stand)
  local class, room, letters, load = string.match(stand, '^([^/]+)/((%a+)(%d+))$')
  local of = class_named(class)
  return { class = class, letters = letters, load = tonumber(load), band = of.band, house = of.house,
    newcomer = of.newcomer, breadth = of.breadth, dropped = 'dropped:' .. room, raised = 'raised:' .. room }
end)

-- Capacity: `voice chat video all|- held>blocked ...`.
local size_in = remembered(1000, function(text)
  local voice, chat, video, all, blocks = string.match(text, '^(%d+) (%d+) (%d+) (%S+) ?(.*)$')
  local size = { voice = tonumber(voice), chat = tonumber(chat), video = tonumber(video),
    all = tonumber(all), blocks = { voice = {}, chat = {}, video = {} } }
  for held, blocked in string.gmatch(blocks, '(%a+)>(%a+)') do size.blocks[held][blocked] = true end
  return size
end)

-- Load: `voice chat video wrap-ups`, and the channel of the open offer or -.
local load_in = remembered(1000, function(text)
  local voice, chat, video, wraps, on = string.match(text, '^(%d+) (%d+) (%d+) (%d+) (%S+)$')
  return { tonumber(voice), tonumber(chat), tonumber(video), tonumber(wraps), on }
end)

local function agent_of(id)
  local a = records[id]
  if a then return a end
  local v = redis.call('HMGET', K.agent(id), 'st', 'cls', 'idle', 'offer', 'shown', 'size', 'load', 'at')
  local load = load_in(v[7] or '0 0 0 0 -')
  -- `changed`: names and values in turn, as they are written
  a = { id = id, changed = {}, st = v[1] or nil, cls = v[2] or nil, idle = v[3] or nil,
    offer = v[4] or nil, shown = v[5] or nil, size = v[6] and size_in(v[6]) or nil, load = v[7] or nil,
    at = v[8] or '', voice = load[1], chat = load[2], video = load[3], wraps = load[4], on = load[5] }
  records[id] = a
  return a
end

local function set(a, name, value)
  a[name] = value
  local changed = a.changed
  local n = #changed
  changed[n + 1], changed[n + 2] = name, value
end

local function in_house(a) return a.cls and class_named(a.cls).house end

-- Room on a channel: under its capacity and that of all together, and nothing held that blocks it
-- (a call blocks video, for one person has one voice; by the workspace's rules).
local function has_room(a, channel)
  local size = a.size
  if not size or a[channel] >= size[channel] then return false end
  if size.all and a.voice + a.chat + a.video >= size.all then return false end
  local blocks = size.blocks
  return not (a.voice > 0 and channel ~= 'voice' and blocks.voice[channel]
    or a.chat > 0 and channel ~= 'chat' and blocks.chat[channel]
    or a.video > 0 and channel ~= 'video' and blocks.video[channel])
end

local function may_take(a) return a.st == 'available' and not present(a.offer) end

local function idle_on(a, channel) return may_take(a) and has_room(a, channel) end

-- Where the agent stands, '' when they are not idle.
local function stand_of(a)
  if not may_take(a) then return '' end
  local letters, chats = '', 0
  if has_room(a, 'voice') then letters = 'v' end
  if has_room(a, 'chat') then letters, chats = letters .. 'c', a.chat end
  if has_room(a, 'video') then letters = letters .. 'x' end
  return letters == '' and '' or a.cls .. '/' .. letters .. chats
end

-- The kinds that agents on a stand may be asked for: a kind's name tells its channel (kinds.py).
local function kinds_of(stand)
  local kinds = {}
  for _, kind in ipairs(redis.call('SMEMBERS', K.kinds(stand.class))) do
    if string.find(stand.letters, string.sub(kind, -2, -2), 1, true) then kinds[#kinds + 1] = kind end
  end
  return kinds
end

-- Where a kind lists a stand: by a rank that its strategy goes by first, then by idle time. A
-- kind's name tells strategy and channel (kinds.py), a stand's name what is compared.
local function score_in(kind, stand, since)
  local order = string.byte(kind, -3)
  local rank = 0
  if order == 98 then   -- b: best rated; newcomers of a band before the others
    rank = 2 * (9 - stand.band) + (stand.newcomer and 0 or 1)
  elseif order == 108 then   -- l: least loaded, which can be told of chats
    rank = string.byte(kind, -2) == 99 and stand.load or 0
  elseif order == 115 then   -- s: least scarce
    rank = math.min(stand.breadth[CHANNEL_OF[string.byte(kind, -2)]], 2000)
  end
  return rank * RANK + since
end

-- Somebody came to this stand, idle since: kinds that do not list it, or by a later bound, shall.
-- `raised`: no kind lists the stand by a later bound than this. `dropped`: kinds that found nobody.
local function list_stand(name, since)
  local stand = stand_named(name)
  local class = K.class(stand.class)
  local v = redis.call('HMGET', class, stand.raised, stand.dropped)
  local raised = tonumber(v[1] or nil)
  local at = tonumber(since)
  if not raised then
    for _, kind in ipairs(kinds_of(stand)) do
      redis.call('ZADD', K.stands(kind), score_in(kind, stand, at), name)
    end
  else
    if v[2] then
      for _, kind in ipairs(redis.call('SMEMBERS', K.dropped(name))) do
        redis.call('ZADD', K.stands(kind), score_in(kind, stand, at), name)
      end
      redis.call('DEL', K.dropped(name))
      redis.call('HDEL', class, stand.dropped)
    end
    -- they have been idle for longer than whoever was looked at while they were away
    if at < raised then
      for _, kind in ipairs(kinds_of(stand)) do
        redis.call('ZADD', K.stands(kind), 'XX', 'LT', score_in(kind, stand, at), name)
      end
    end
  end
  if not raised or at < raised or v[2] and at > raised then redis.call('HSET', class, stand.raised, since) end
end

local function letters_of(stand) return stand == '' and '' or stand_named(stand).letters end

-- Idle 2nd-level agents are counted by what they could take: what the reserve is judged by.
local function count_house(was, will)
  local before, after = letters_of(was), letters_of(will)
  if before == after then return end
  if before ~= '' then redis.call('HINCRBY', K.house(), 'idle:' .. before, -1) end
  if after ~= '' then redis.call('HINCRBY', K.house(), 'idle:' .. after, 1) end
  -- more idle ones: who was held back for the reserve looks again
  risen, reserve = risen or after ~= '', {}
end

-- Puts the agent onto the stand that their state, class and load say. `restarted`: their idle time
-- has begun anew; else it goes on, and who comes may be older than whoever is there.
local function index_agent(a, restarted)
  local was, will = a.at, stand_of(a)
  if was ~= will then
    if was ~= '' then redis.call('ZREM', K.stand(was), a.id) end
    set(a, 'at', will)
    if in_house(a) then count_house(was, will) end
  end
  if will ~= '' and (was ~= will or restarted) then
    redis.call('ZADD', K.stand(will), a.idle, a.id)
    if was ~= will then list_stand(will, a.idle) end
  end
end

local function agent_state(a)
  if present(a.offer) then return 'offered' end
  local all = a.voice + a.chat + a.video
  if all > a.wraps then return 'busy' end
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
  local load = a.voice .. ' ' .. a.chat .. ' ' .. a.video .. ' ' .. a.wraps .. ' ' .. a.on
  if load ~= a.load then set(a, 'load', load) end
  if #a.changed > 0 then
    redis.call('HSET', K.agent(a.id), unpack(a.changed))
    a.changed = {}
  end
end

-- What is held out to the agent counts as load from now on.
local function take_offer(a, offer, channel)
  set(a, 'offer', offer)
  a.on = channel
  a[channel] = a[channel] + 1
end

-- The offer became a handling, or a handling is there by the truth.
local function take_hand(a, offer, channel)
  if redis.call('HSETNX', K.hands(a.id), offer, channel) == 1 and a.offer ~= offer then
    a[channel] = a[channel] + 1
  end
  if a.offer == offer then
    set(a, 'offer', '')
    a.on = '-'
  end
end

-- A handling's conversation is over and its hand still held.
local function begin_wrapup(a, offer)
  local at = redis.call('HGET', K.hands(a.id), offer)
  if at and string.sub(at, -7) ~= '/wrapup' then
    redis.call('HSET', K.hands(a.id), offer, at .. '/wrapup')
    a.wraps = a.wraps + 1
  end
end

-- Lets go of an offer or handling; `restart`: their idle time starts anew.
local function drop_hand(a, offer, restart)
  if a.offer == offer then
    a[a.on] = a[a.on] - 1
    a.on = '-'
    set(a, 'offer', '')
  else
    local at = redis.call('HGET', K.hands(a.id), offer)
    if not at then return end
    redis.call('HDEL', K.hands(a.id), offer)
    local channel = string.match(at, '^%a+')
    a[channel] = a[channel] - 1
    if string.sub(at, -7) == '/wrapup' then a.wraps = a.wraps - 1 end
  end
  if restart then
    set(a, 'idle', now_text)
    a.restarted = true
  end
end
