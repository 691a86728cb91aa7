-- accept: the offered agent takes the contact; the truth decides next, under a short lease.
-- Guarantee: only a live offer of this agent before its deadline; repeated, the same answer.
-- arg: offer, agent, lease_ms
-- Answers {state: accepting, contact, gen, made_ms, queue, why} or {state: gone}.
local contact, gen = parts_of(arg.offer)
local c = hash(K.contact(contact))
local mine = c.offer == arg.offer and c.agent == arg.agent and
  (c.st == 'accepting' or (c.st == 'offered' and now <= tonumber(c.deadline)))
if not mine then return answer({ state = 'gone' }) end
if c.st == 'offered' then
  redis.call('HSET', K.contact(contact), 'st', 'accepting')
  redis.call('ZADD', K.due(), now + arg.lease_ms, arg.offer)
end
return answer({ state = 'accepting', contact = contact, gen = tonumber(gen), made_ms = tonumber(c.made),
  queue = c.queue, why = c.why })
