-- touch: renews leases of desks or visitors by the store's clock.
-- Guarantee: the later end wins.
-- arg: what (desks | visitors), ids, lease_ms
local key = arg.what == 'desks' and K.desks() or K.visitors()
for _, id in ipairs(arg.ids) do redis.call('ZADD', key, 'GT', now + arg.lease_ms, id) end
return answer({})
