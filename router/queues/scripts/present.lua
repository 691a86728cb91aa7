-- present: an agent's presence, class and capacity as the truth has them.
-- Guarantee: applied once per version; who becomes available looks for work at once; an offer
-- open to somebody who is no longer available stays until it is answered or missed.
-- arg: agent, version, state, reason?, since_ms, tier, class, band, kinds {channel: [kind]},
--      capacity {channel: n}, load?
-- Answers {offer?}.
local key = K.agent(arg.agent)
local a = hash(key)
if a.ver and tonumber(a.ver) >= arg.version then return answer({}) end
local was_in = present(a.st) and a.st ~= 'offline'
local is_in = arg.state ~= 'offline'

-- leave every idle set under the old class before the class changes
if a.cls then
  a.before, a.st = a.st, 'offline'
  index_agent(arg.agent, a)
  if was_in then count_signed_in(a.cls, -1) end
end
for _, channel in ipairs(CHANNELS) do
  redis.call('HSET', K.class(arg.class), 'kinds:' .. channel, cjson.encode(arg.kinds[channel] or {}))
  redis.call('HSET', key, 'cap:' .. channel, arg.capacity[channel] or 0)
  local most = tonumber(redis.call('HGET', K.class(arg.class), 'max:' .. channel) or 0)
  if (arg.capacity[channel] or 0) > most then
    redis.call('HSET', K.class(arg.class), 'max:' .. channel, arg.capacity[channel])
  end
end
redis.call('HSET', K.class(arg.class), 'band', arg.band)
redis.call('HSET', key, 'st', arg.state, 'reason', present(arg.reason) and arg.reason or '',
  'since', arg.since_ms, 'cls', arg.class, 'ver', arg.version, 'tier', arg.tier)
if arg.state == 'available' and a.before ~= 'available' or not a.idle then
  redis.call('HSET', key, 'idle', math.max(tonumber(a.idle or 0), arg.since_ms))
end
if is_in then count_signed_in(arg.class, 1) end
place_agent(arg.agent)
return answer({ offer = match_agent(arg.agent) })
