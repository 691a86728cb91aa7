-- Included first in the library; `begin` is called before every verb.
-- keys[1]  the workspace's root: one hash tag, so that all keys below are on one slot.
-- args[1]  the epoch that the caller works in.
-- args[2]  the operation's arguments, a JSON object; each verb's header lists its fields.
-- Answers a JSON text, or the error STALE with the held epoch: '', a number, or 'rebuilding:n'.

-- One call's own, set anew by `begin`: the library is loaded once, and calls follow each other.
local root, arg, now, now_text, loading
local events              -- what this call tells
local records             -- agents read in this call
local reserve, risen      -- what this call knows of the reserve, and whether it rose

local function begin(keys, args)
  root = keys[1]
  P = root .. args[1] .. ':'
  -- the second key exists only where a simulator turns the clock
  local held = redis.call('MGET', root .. 'epoch', root .. 'clock')
  local epoch = held[1] or ''
  arg = cjson.decode(args[2])
  loading = epoch == 'rebuilding:' .. args[1]
  if epoch ~= args[1] and not (loading and arg.load) then
    return redis.error_reply('STALE ' .. epoch)
  end
  -- milliseconds by the store's clock
  if held[2] then
    now = tonumber(held[2])
  else
    local t = redis.call('TIME')
    now = t[1] * 1000 + math.floor(t[2] / 1000)
  end
  now_text = string.format('%d', now)
  events, records, reserve, risen = {}, {}, {}, false
end

-- Events of one call are one entry of the stream: readers wake once, and see them together.
-- Names and values in turn; they are ids and plain words, which JSON takes as they are.
local function emit(t, ...)
  if loading then return end
  local parts, n = { ... }, select('#', ...)
  local text = '{"t":"' .. t .. '"'
  for i = 1, n, 2 do text = text .. ',"' .. parts[i] .. '":"' .. parts[i + 1] .. '"' end
  events[#events + 1] = text .. '}'
end

-- What is left to do before a call ends; `_match` sets it.
local finish

-- Ends every verb: hands out its events and gives its answer.
local function answer(value)
  if not loading then finish() end
  if #events > 0 then
    redis.call('XADD', root .. 'events', 'MAXLEN', '~', EVENTS_LENGTH, '*', 'e',
      '[' .. table.concat(events, ',') .. ']')
  end
  value.now_ms = now
  return cjson.encode(value)
end

local function present(value)
  return value ~= nil and value ~= false and value ~= cjson.null and value ~= ''
end

-- Texts that come again and again are parsed once: up to a bound, for there is no end of them.
local function remembered(most, parse)
  local known, n = {}, 0
  return function(text)
    local found = known[text]
    if not found then
      if n >= most then known, n = {}, 0 end
      found = parse(text)
      known[text], n = found, n + 1
    end
    return found
  end
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
