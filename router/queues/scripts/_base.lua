-- Included first in every script.
-- KEYS[1]  the workspace's root: one hash tag, so that all keys below are on one slot.
-- ARGV[1]  the epoch that the caller works in.
-- ARGV[2]  the operation's arguments, a JSON object; each script's header lists its fields.
-- Answers a JSON text, or the error STALE with the held epoch: '', a number, or 'rebuilding:n'.

local P = KEYS[1] .. ARGV[1] .. ':'
-- the second key exists only where a simulator turns the clock
local held = redis.call('MGET', KEYS[1] .. 'epoch', KEYS[1] .. 'clock')
local held_epoch = held[1] or ''
local loading = held_epoch == 'rebuilding:' .. ARGV[1]
local arg = cjson.decode(ARGV[2])

if held_epoch ~= ARGV[1] and not (loading and arg.load) then
  return redis.error_reply('STALE ' .. held_epoch)
end

-- Milliseconds by the store's clock.
local now
if held[2] then
  now = tonumber(held[2])
else
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Events of one script are one entry of the stream: readers wake once, and see them together.
local events, told = {}, {}
local function emit(event)
  if loading then return end
  if event.t == 'agent' then
    if told[event.agent] then return end
    told[event.agent] = true
  end
  events[#events + 1] = event
end

-- What is left to do before a script ends; `_match` sets it.
local finish

-- Ends every script: hands out its events and gives its answer.
local function answer(value)
  if finish and not loading then finish() end
  if #events > 0 then
    redis.call('XADD', KEYS[1] .. 'events', 'MAXLEN', '~', EVENTS_LENGTH, '*', 'e', cjson.encode(events))
  end
  value.now_ms = now
  return cjson.encode(value)
end

local function present(value)
  return value ~= nil and value ~= false and value ~= cjson.null and value ~= ''
end

local function hash(key)
  local flat = redis.call('HGETALL', key)
  local fields = {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields
end

local function write(key, fields)
  local flat = {}
  for name, value in pairs(fields) do
    flat[#flat + 1] = name
    flat[#flat + 1] = value
  end
  if #flat > 0 then redis.call('HSET', key, unpack(flat)) end
end
