-- refuse: an offer was declined or missed, or its accept lost in the truth.
-- Guarantee: only the live offer of this agent; the contact goes back with its effective
-- arrival, this agent is not asked for it again for a while, both look again at once.
-- arg: offer, agent, why (declined | missed | lost), retry_ms, go_last (bool)?
-- Answers {state: waiting | offered | gone, contact?}.
local id = parts_of(arg.offer)
local c = contact_of(id, false)
if c.offer ~= arg.offer or c.agent ~= arg.agent or not held_out(c) then return answer({ state = 'gone' }) end
local a = take_back(id, c, arg.why, arg.go_last == true)
change(id, c, { st = 'waiting', offer = '',
  excluded = exclude(c.excluded, arg.agent, now + arg.retry_ms) })
queue_up(id, c)
take_step(id, c)
local offered, hold = match_contact(id, c)
if not offered then
  line_up(id, c, hold)
  set_wake(id, c)
end
emit('contact', 'contact', id, 'queue', c.queue, 'state', c.st)
match_agent(a)
return answer({ state = offered and 'offered' or 'waiting', contact = id })
