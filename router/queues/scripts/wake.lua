-- wake: waiting contacts whose moment has come look again, oldest first: the next step, the end of
-- an exclusion or preference, or the time to leave the line.
-- Guarantee: a bounded number a call; each is moved and matched in the same breath. Who leaves is
-- answered, and not again before lease_ms is over: what comes then is the truth's to decide.
-- arg: limit, lease_ms
-- Answers {woken, more (bool), leaving? [{contact, gen, waited_ms, alone (bool)}]}.
local ids = redis.call('ZRANGE', K.wake(), '-inf', now, 'BYSCORE', 'LIMIT', 0, arg.limit)
local leaving = {}
for _, id in ipairs(ids) do
  local c = contact_of(id, true)
  local kept = exclude(c.excluded)
  if kept ~= (c.excluded or '') then change(id, c, { excluded = kept }) end
  if c.st == 'waiting' then
    local waited = now - c.line_at
    local over = c.leave and waited >= c.leave
    local lonely = c.alone and waited >= c.alone and alone(c)
    local moved = take_step(id, c)
    local offered, hold = match_contact(id, c)
    if not offered then
      -- out of a preference, or on another step: into the line that it belongs to now
      if moved or not hold then line_up(id, c, hold) end
      set_wake(id, c)
      if over or lonely then
        redis.call('ZADD', K.wake(), now + (arg.lease_ms or 10000), id)
        leaving[#leaving + 1] = { contact = id, gen = tonumber(c.gen), waited_ms = waited,
          alone = lonely or false }
      end
    end
    if moved then emit('contact', 'contact', id, 'queue', c.queue, 'state', c.st) end
  else
    -- who is offered looks again when that has come to nothing
    redis.call('ZREM', K.wake(), id)
  end
end
return answer({ woken = #ids, more = #ids == arg.limit, leaving = #leaving > 0 and leaving or nil })
