-- enter: puts a contact in line, or back in line, and offers it when somebody is idle.
-- Guarantee: applied once per generation; an older or equal generation changes nothing.
-- What an agent held of this contact before becomes their wrap-up.
-- arg: contact, gen, queue, channel, role, arrival, way and steps (texts, see _lines), prefer?,
--      excluded {agent: until_ms}?, attempt?, load?
-- Answers {state, offer?, withdrawn?, alone?}: the offer made, the one taken back, and whether
-- nobody signed in could serve it.
local c = hash(K.contact(arg.contact))
if c.gen and tonumber(c.gen) >= arg.gen then return answer({ state = c.st }) end
local freed, withdrawn
if c.queue then freed, withdrawn = let_go(arg.contact, c) end
if c.gen then redis.call('DEL', K.contact(arg.contact)) end
c = { st = 'waiting', gen = arg.gen, queue = arg.queue, channel = arg.channel, role = arg.role,
  arrival = arg.arrival, way = arg.way, steps = arg.steps, prefer = arg.prefer,
  attempt = math.max(tonumber(c.attempt or 0), arg.attempt or 0), new = true }
unpack_way(c)
for agent, until_ms in pairs(arg.excluded or {}) do
  c.excluded = exclude(c.excluded, agent, until_ms)
end
take_step(arg.contact, c)
redis.call('ZADD', K.open(), arg.arrival, arg.contact)
local offer, hold = match_contact(arg.contact, c)
local nobody
if not offer then
  emit('contact', 'contact', arg.contact, 'queue', arg.queue, 'state', 'waiting')
  queue_up(arg.contact, c)
  line_up(arg.contact, c, hold)
  if loading then
    -- woken after the rebuild in order of effective arrival
    redis.call('ZADD', K.wake(), effective(c), arg.contact)
  else
    set_wake(arg.contact, c)
    nobody = alone(c) or nil
  end
end
redis.call('HSET', K.contact(arg.contact), 'st', c.st, 'gen', c.gen, 'queue', c.queue, 'channel', c.channel,
  'role', c.role, 'arrival', c.arrival, 'way', c.way, 'steps', c.steps, 'step', c.step, 'kind', c.kind,
  'attempt', c.attempt, 'prefer', c.prefer or '', 'queued', c.queued or '',
  'excluded', c.excluded or '', 'offer', c.offer or '',
  'agent', c.agent or '', 'made', c.made or '', 'deadline', c.deadline or '', 'why', c.why or '')
if freed then match_agent(freed) end
return answer({ state = offer and 'offered' or 'waiting', offer = offer, withdrawn = withdrawn,
  alone = nobody })
