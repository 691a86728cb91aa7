-- present: an agent's presence, class and capacity as the truth has them.
-- Guarantee: applied once per version; who becomes available looks for work at once; an offer
-- open to somebody who is no longer available stays until it is answered or missed.
-- arg: agent, version, state, reason?, since_ms, tier, class (its name tells its
--      rank, see _match), kinds {channel: text of kinds}, capacity {channel: n, all?}, blocks (text:
--      held>blocked ...), quiet (bool)?: does not look for work, load?
-- Answers {offer?}.

local OWN_SEEN = 100   -- contacts that wait for an agent who leaves

-- A class stands as long as somebody of it is signed in.
local function define(class)
  if redis.call('EXISTS', K.class(class)) == 0 then
    for _, channel in ipairs(CHANNELS) do
      local kinds = {}
      for kind in string.gmatch(arg.kinds[channel] or '', '%S+') do kinds[#kinds + 1] = kind end
      for from = 1, #kinds, 1000 do
        redis.call('SADD', K.kinds(class), unpack(kinds, from, math.min(from + 999, #kinds)))
      end
      for _, kind in ipairs(kinds) do redis.call('SADD', K.able_classes(kind), class) end
    end
  end
  redis.call('HINCRBY', K.class(class), 'signed', 1)
end

local function undefine(class)
  if redis.call('HINCRBY', K.class(class), 'signed', -1) > 0 then return end
  local kinds = redis.call('SMEMBERS', K.kinds(class))
  for _, kind in ipairs(kinds) do redis.call('SREM', K.able_classes(kind), class) end
  for name in pairs(hash(K.class(class))) do
    local room = string.match(name, '^raised:(.+)$')
    if room then
      local stand = class .. '/' .. room
      for _, kind in ipairs(kinds_of(stand_named(stand))) do redis.call('ZREM', K.stands(kind), stand) end
      redis.call('DEL', K.dropped(stand))
    end
  end
  redis.call('DEL', K.kinds(class), K.class(class))
end

local function size_text()
  local of = arg.capacity
  return (of.voice or 0) .. ' ' .. (of.chat or 0) .. ' ' .. (of.video or 0) .. ' '
    .. (present(of.all) and of.all or '-') .. ' ' .. arg.blocks
end

local version = redis.call('HGET', K.agent(arg.agent), 'ver')
if version and tonumber(version) >= arg.version then return answer({}) end
local a = agent_of(arg.agent)
local before, class = present(a.st) and a.st or 'offline', a.cls
local was_in, is_in = before ~= 'offline', arg.state ~= 'offline'

-- leave the stand of the old class before the class changes
a.st = 'offline'
index_agent(a, false)
if in_house(a) and before == 'available' then redis.call('HINCRBY', K.house(), 'in', -1) end
-- the new class first: one that stays keeps its lists
if is_in and not (was_in and class == arg.class) then define(arg.class) end
if was_in and not (is_in and class == arg.class) then undefine(class) end
local size = size_text()
set(a, 'size', size)
a.size = size_in(size)
set(a, 'st', arg.state)
set(a, 'cls', arg.class)
set(a, 'reason', present(arg.reason) and arg.reason or '')
set(a, 'since', arg.since_ms)
set(a, 'ver', arg.version)
set(a, 'tier', arg.tier)
if arg.state == 'available' and before ~= 'available' or not a.idle then
  set(a, 'idle', string.format('%d', math.max(tonumber(a.idle or 0), arg.since_ms)))
  a.restarted = true
end
if in_house(a) and arg.state == 'available' then redis.call('HINCRBY', K.house(), 'in', 1) end
-- fewer are there, so that less is kept: who was held back looks again
if before ~= arg.state or class ~= arg.class then risen = true end
local offer
if arg.quiet then place_agent(a) else offer = settle(a) end
if was_in and not is_in then
  -- who waited for them alone waits for anybody now
  for _, id in ipairs(redis.call('ZRANGE', K.own(arg.agent), 0, OWN_SEEN - 1)) do
    local c = contact_of(id, true)
    if not match_contact(id, c) then line_up(id, c) end
  end
end
emit('agent', 'agent', arg.agent)
return answer({ offer = offer })
