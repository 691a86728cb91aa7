-- enter: puts a contact in line, or back in line, and offers it when somebody is idle.
-- Guarantee: applied once per generation; an older or equal generation changes nothing.
-- What an agent held of this contact before becomes their wrap-up.
-- arg: contact, gen, queue, channel, role, arrival_ms, score_ms (effective arrival), line_ms,
--      steps [{kind, strategy, from_ms}], offer_ms, prefer?, excluded {agent: until_ms}, attempt?, load?
-- Answers {state, offer?, withdrawn?}: the offer made, and the one taken back.
local c = hash(K.contact(arg.contact))
if c.gen and tonumber(c.gen) >= arg.gen then return answer({ state = c.st }) end
local freed, withdrawn
if c.queue then
  out_of_queue(arg.contact, c)
  if present(c.offer) then
    if c.st == 'handling' then
      if redis.call('HEXISTS', K.hands(c.agent), c.offer) == 1 then
        redis.call('HSET', K.hands(c.agent), c.offer, c.channel .. '/wrapup')
        place_agent(c.agent)
      end
    else
      freed, withdrawn = take_back(c.offer, 'withdrawn')
    end
  end
end
if c.gen then redis.call('DEL', K.contact(arg.contact)) end
c = { st = 'waiting', gen = arg.gen, queue = arg.queue, channel = arg.channel, role = arg.role,
  arrival = arg.arrival_ms, score = arg.score_ms, line_at = arg.line_ms,
  steps = cjson.encode(arg.steps), offer_ms = arg.offer_ms,
  prefer = present(arg.prefer) and arg.prefer or '',
  attempt = math.max(tonumber(c.attempt or 0), arg.attempt or 0) }
local flat = {}
for name, value in pairs(c) do
  flat[#flat + 1] = name
  flat[#flat + 1] = value
end
redis.call('HSET', K.contact(arg.contact), unpack(flat))
c.new, c.decoded, c.declined = true, arg.steps, false
for agent, until_ms in pairs(arg.excluded or {}) do
  redis.call('HSET', K.excluded(arg.contact), agent, until_ms)
  c.declined = true
end
redis.call('ZADD', K.open(), arg.arrival_ms, arg.contact)
redis.call('ZADD', K.order(arg.queue), arg.score_ms, arg.contact)
redis.call('ZADD', K.age(arg.queue), arg.arrival_ms, arg.contact)
take_step(arg.contact, c)
emit({ t = 'contact', contact = arg.contact, queue = arg.queue, state = 'waiting' })
local offer = match_contact(arg.contact, c)
if not offer then
  line_up(arg.contact, c)
  if loading then
    -- woken after the rebuild in order of effective arrival
    redis.call('ZADD', K.wake(), arg.score_ms, arg.contact)
  else
    set_wake(arg.contact, c)
  end
end
if freed then
  place_agent(freed)
  match_agent(freed)
end
return answer({ state = offer and 'offered' or 'waiting', offer = offer, withdrawn = withdrawn })
