-- hold: the truth says that this agent has the contact.
-- Guarantee: applied once per generation; whatever offer was live is settled; counted once.
-- arg: contact, gen, offer, agent, channel, queue, role, arrival_ms, wrapup (bool), load?,
--      answered {day, wait_ms, within (0|1)}?: what the figures of the day count
-- Answers {state, withdrawn?}: the offer that it took back, for the truth to keep.
local c = hash(K.contact(arg.contact))
if c.gen and tonumber(c.gen) >= arg.gen then return answer({ state = c.st }) end
local waited = c.st == 'offered' or c.st == 'accepting' or c.st == 'waiting'
local freed, withdrawn
if c.queue then out_of_queue(arg.contact, c) end
if held_out(c) and c.offer ~= arg.offer then
  freed, withdrawn = take_back(arg.contact, c, 'withdrawn')
end
redis.call('ZREM', K.due(), arg.offer)
redis.call('HSET', K.contact(arg.contact), 'st', 'handling', 'gen', arg.gen, 'offer', arg.offer,
  'agent', arg.agent, 'queue', arg.queue, 'channel', arg.channel, 'role', arg.role,
  'arrival', arg.arrival_ms, 'queued', '')
redis.call('ZADD', K.open(), arg.arrival_ms, arg.contact)
local a = agent_of(arg.agent)
if redis.call('EXISTS', K.released(arg.offer)) == 0 then
  take_hand(a, arg.offer, arg.channel)
  if arg.wrapup then begin_wrapup(a, arg.offer) end
else
  drop_hand(a, arg.offer)
end
if not loading and present(arg.answered) then
  local today = K.today(arg.queue, arg.answered.day)
  if redis.call('HINCRBY', today, 'answered', 1) == 1 then redis.call('EXPIRE', today, 172800) end
  if arg.answered.within > 0 then redis.call('HINCRBY', today, 'within', 1) end
  redis.call('HINCRBY', today, 'wait_ms', arg.answered.wait_ms)
  -- pace: a smoothed time between answers while somebody waited; what the expected wait is made of
  local pace = redis.call('HMGET', K.pace(arg.queue), 'last', 'gap', 'known')
  if pace[1] and waited and arg.answered.wait_ms > 500 then
    -- as `next_gap` in waits.py: before it waited the line was empty, which says nothing of its speed
    local seen = math.min(now - tonumber(pace[1]), arg.answered.wait_ms)
    local known = math.min(tonumber(pace[3] or 0) + 1, 20)
    local gap = tonumber(pace[2] or 0)
    redis.call('HSET', K.pace(arg.queue), 'gap', gap + (seen - gap) / known, 'known', known, 'last', now)
  else
    redis.call('HSET', K.pace(arg.queue), 'last', now)
  end
end
emit('contact', 'contact', arg.contact, 'queue', arg.queue, 'state', 'handling')
emit('handling', 'agent', arg.agent, 'contact', arg.contact, 'offer', arg.offer)
settle(a)
if freed then match_agent(freed) end
return answer({ state = 'handling', withdrawn = withdrawn })
