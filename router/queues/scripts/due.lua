-- due: offers past their deadline and accepts past their lease, claimed for one caller.
-- Guarantee: a bounded number; what is answered is not answered again before lease_ms is over.
-- arg: limit, lease_ms
-- Answers {offers?: [{offer, contact, agent, gen, st, made_ms, queue, why}]}.
local offers = {}
for _, id in ipairs(redis.call('ZRANGE', K.due(), '-inf', now - 1, 'BYSCORE', 'LIMIT', 0, arg.limit)) do
  local contact, gen = parts_of(id)
  local c = hash(K.contact(contact))
  if c.offer == id and held_out(c) then
    redis.call('ZADD', K.due(), now + arg.lease_ms, id)
    offers[#offers + 1] = { offer = id, contact = contact, agent = c.agent, gen = tonumber(gen), st = c.st,
      made_ms = tonumber(c.made), queue = c.queue, why = c.why }
  else
    redis.call('ZREM', K.due(), id)
  end
end
-- an empty Lua table would read as an object
return answer({ offers = #offers > 0 and offers or nil })
