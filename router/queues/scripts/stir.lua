-- stir: contacts of these kinds look again, oldest first, after many agents learned of the kinds.
-- Guarantee: a bounded number a call; each match is as if the contact had just come.
-- arg: kinds (text), limit
-- Answers {matched}.
local matched = 0
for kind in string.gmatch(arg.kinds, '%S+') do
  while matched < arg.limit do
    local id = redis.call('ZRANGE', K.line(kind), 0, 0)[1]
    if not id then break end
    if not match_contact(id, contact_of(id, true)) then break end
    matched = matched + 1
  end
end
return answer({ matched = matched })
