-- wake: waiting contacts whose next step or exclusion's end has come look again, oldest first.
-- Guarantee: a bounded number a call; each is moved and matched in the same breath.
-- arg: limit
-- Answers {woken, more (bool)}.
local ids = redis.call('ZRANGE', K.wake(), '-inf', now, 'BYSCORE', 'LIMIT', 0, arg.limit)
for _, id in ipairs(ids) do
  local c = hash(K.contact(id))
  for agent, until_ms in pairs(hash(K.excluded(id))) do
    if tonumber(until_ms) <= now then redis.call('HDEL', K.excluded(id), agent) end
  end
  if c.st == 'waiting' then
    if take_step(id, c) then
      line_up(id, c)
      emit({ t = 'contact', contact = id, queue = c.queue, state = 'waiting' })
    end
    set_wake(id, c)
    match_contact(id, c)
  else
    redis.call('ZREM', K.wake(), id)
  end
end
return answer({ woken = #ids, more = #ids == arg.limit })
