-- close: the contact has its terminal outcome.
-- Guarantee: applied once per generation and absorbing: a tombstone keeps older scripts out.
-- An open offer is withdrawn; an agent who had the contact goes on to wrap-up.
-- arg: contact, gen, queue, outcome, abandoned {day}?, frees {agent, offer}?: a handling without a
--      wrap-up, whose agent looks for work at once (as `release` does)
-- Answers {state: ended, withdrawn?}: the offer that it took back, for the truth to keep.
local c = hash(K.contact(arg.contact))
if c.gen and tonumber(c.gen) >= arg.gen then return answer({ state = c.st }) end
local freed, withdrawn, done
if present(arg.frees) then
  redis.call('SET', K.released(arg.frees.offer), 1, 'EX', 3600)
  done = agent_of(arg.frees.agent)
  drop_hand(done, arg.frees.offer, true)
end
if c.queue then freed, withdrawn = let_go(arg.contact, c) end
redis.call('DEL', K.contact(arg.contact))
redis.call('HSET', K.contact(arg.contact), 'st', 'ended', 'gen', arg.gen)
redis.call('EXPIRE', K.contact(arg.contact), 3600)
redis.call('ZREM', K.open(), arg.contact)
redis.call('ZREM', K.visitors(), arg.contact)
if arg.abandoned and arg.abandoned ~= cjson.null then
  redis.call('HINCRBY', K.today(arg.queue, arg.abandoned.day), 'abandoned', 1)
  redis.call('EXPIRE', K.today(arg.queue, arg.abandoned.day), 172800)
end
emit('contact', 'contact', arg.contact, 'queue', arg.queue, 'state', 'ended')
if freed then match_agent(freed) end
if done then settle(done) end
return answer({ state = 'ended', withdrawn = withdrawn })
