-- refuse: an offer was declined or missed, or its accept lost in the truth.
-- Guarantee: only the live offer of this agent; the contact goes back with its effective
-- arrival, this agent is not asked for it again for a while, both look again at once.
-- arg: offer, agent, why (declined | missed | lost), retry_ms
-- Answers {state: waiting | offered | gone, contact?}.
local o = hash(K.offer(arg.offer))
if o.agent ~= arg.agent then return answer({ state = 'gone' }) end
local c = hash(K.contact(o.contact))
take_back(arg.offer, arg.why)
local offered
if c.offer == arg.offer then
  redis.call('HDEL', K.contact(o.contact), 'offer')
  redis.call('HSET', K.contact(o.contact), 'st', 'waiting')
  c = hash(K.contact(o.contact))
  redis.call('HSET', K.excluded(o.contact), arg.agent, now + arg.retry_ms)
  take_step(o.contact, c)
  line_up(o.contact, c)
  set_wake(o.contact, c)
  emit({ t = 'contact', contact = o.contact, queue = c.queue, state = 'waiting' })
  offered = match_contact(o.contact, c)
end
place_agent(arg.agent)
match_agent(arg.agent)
return answer({ state = offered and 'offered' or 'waiting', contact = o.contact })
