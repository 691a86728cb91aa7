-- release: a handling is done (wrap-up over, or fenced); the agent has a hand free and looks.
-- Guarantee: frees once; a late `hold` of the same offer does not take the hand again.
-- arg: agent, offer, contact
-- Answers {offer?}: the offer made to the agent at once.
redis.call('SET', K.released(arg.offer), 1, 'EX', 3600)
local a = agent_of(arg.agent)
drop_hand(a, arg.offer, true)
emit('handling', 'agent', arg.agent, 'contact', arg.contact, 'offer', arg.offer)
return answer({ offer = settle(a) })
