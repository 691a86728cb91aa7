-- reserve: how much of the available 2nd-level agents is kept idle for experts.
-- Guarantee: counts from the next match on; who was held back looks again at once.
-- arg: share (0 to 1), load?
redis.call('HSET', K.house(), 'share', arg.share)
risen = true
return answer({})
