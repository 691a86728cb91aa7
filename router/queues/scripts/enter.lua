-- enter: puts a contact in line, or back in line, and offers it when somebody is idle.
-- Guarantee: applied once per generation; an older or equal generation changes nothing.
-- What an agent held of this contact before becomes their wrap-up.
-- arg: contact, gen, queue, channel, role, arrival_ms, score_ms (effective arrival), line_ms,
--      steps (text, see _lines), route (their kinds), offer_ms, prefer?, prefer_until_ms?,
--      leave_ms?, alone_ms?, excluded {agent: until_ms}, attempt?, load?
-- Answers {state, offer?, withdrawn?, alone?}: the offer made, the one taken back, and whether
-- nobody signed in could serve it.
local c = hash(K.contact(arg.contact))
if c.gen and tonumber(c.gen) >= arg.gen then return answer({ state = c.st }) end
local freed, withdrawn
if c.queue then freed, withdrawn = let_go(arg.contact, c) end
if c.gen then redis.call('DEL', K.contact(arg.contact)) end
c = { st = 'waiting', gen = arg.gen, queue = arg.queue, channel = arg.channel, role = arg.role,
  arrival = arg.arrival_ms, score = arg.score_ms, line_at = arg.line_ms, steps = arg.steps,
  route = arg.route, offer_ms = arg.offer_ms,
  attempt = math.max(tonumber(c.attempt or 0), arg.attempt or 0) }
for field, value in pairs({ prefer = arg.prefer, prefer_until = arg.prefer_until_ms,
  leave = arg.leave_ms, alone = arg.alone_ms }) do
  if present(value) then c[field] = value end
end
c.new, c.declined = true, false
for agent, until_ms in pairs(arg.excluded or {}) do
  redis.call('HSET', K.excluded(arg.contact), agent, until_ms)
  c.declined = true
end
take_step(arg.contact, c)
redis.call('ZADD', K.open(), arg.arrival_ms, arg.contact)
redis.call('ZADD', K.order(arg.queue), effective(c), arg.contact)
redis.call('ZADD', K.age(arg.queue), arg.arrival_ms, arg.contact)
redis.call('HINCRBY', K.routes(arg.queue), arg.route, 1)
local offer, hold = match_contact(arg.contact, c)
emit({ t = 'contact', contact = arg.contact, queue = arg.queue, state = c.st })
local nobody
if not offer then
  line_up(arg.contact, c, hold)
  if loading then
    -- woken after the rebuild in order of effective arrival
    redis.call('ZADD', K.wake(), effective(c), arg.contact)
  else
    set_wake(arg.contact, c)
    nobody = alone(c) or nil
  end
end
c.new, c.declined, c.lined, c.parsed, c.rule, c.rule_first, c.rule_second = nil, nil, nil, nil, nil, nil, nil
write(K.contact(arg.contact), c)
free(freed)
return answer({ state = offer and 'offered' or 'waiting', offer = offer, withdrawn = withdrawn,
  alone = nobody })
