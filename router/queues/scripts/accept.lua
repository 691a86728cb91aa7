-- accept: the offered agent takes the contact; the truth decides next, under a short lease.
-- Guarantee: only a live offer of this agent before its deadline; repeated, the same answer.
-- arg: offer, agent, lease_ms
-- Answers {state: accepting, contact, gen, made_ms, queue, why} or {state: gone}.
local o = hash(K.offer(arg.offer))
local mine = o.agent == arg.agent and
  (o.st == 'accepting' or (o.st == 'offered' and now <= tonumber(o.deadline)))
if not mine then return answer({ state = 'gone' }) end
local contact, gen = parts_of(arg.offer)
if o.st == 'offered' then
  redis.call('HSET', K.offer(arg.offer), 'st', 'accepting')
  redis.call('HSET', K.contact(contact), 'st', 'accepting')
  redis.call('ZADD', K.due(), now + arg.lease_ms, arg.offer)
end
return answer({ state = 'accepting', contact = contact, gen = tonumber(gen), made_ms = tonumber(o.made),
  queue = redis.call('HGET', K.contact(contact), 'queue'), why = o.why })
