-- standing: where a waiting contact is in its line, and what its wait is made of.
-- Guarantee: one moment; nothing is changed, nothing is scanned.
-- arg: contact
-- Answers {state, position?, waiting?, gap_ms?, able?, step?}.
local c = contact_of(arg.contact, true)
local rank = c.queue and redis.call('ZRANK', K.order(c.queue), arg.contact)
if not rank then return answer({ state = c.st or 'unknown' }) end
return answer({ state = c.st, position = rank + 1, able = not alone(c), step = tonumber(c.step),
  waiting = redis.call('ZCARD', K.order(c.queue)),
  gap_ms = tonumber(redis.call('HGET', K.pace(c.queue), 'gap') or 0) })
