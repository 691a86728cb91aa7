-- absent: desks or visitors whose lease is over, claimed for one caller.
-- Guarantee: a bounded number; what is answered is not answered again before lease_ms is over;
-- one that came back meanwhile keeps its lease when the caller settles it.
-- arg: what (desks | visitors), limit, lease_ms, settled [[id, claim]]
-- Answers {ids?: [[id, claim]]}.
local key = arg.what == 'desks' and K.desks() or K.visitors()
for _, pair in ipairs(arg.settled) do
  if tonumber(redis.call('ZSCORE', key, pair[1]) or 0) == pair[2] then redis.call('ZREM', key, pair[1]) end
end
local ids = {}
for _, id in ipairs(redis.call('ZRANGE', key, '-inf', now - 1, 'BYSCORE', 'LIMIT', 0, arg.limit)) do
  redis.call('ZADD', key, now + arg.lease_ms, id)
  ids[#ids + 1] = { id, now + arg.lease_ms }
end
return answer({ ids = #ids > 0 and ids or nil })
