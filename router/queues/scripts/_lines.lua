-- Included: lines of waiting contacts, their steps, and when they look again.
-- A line holds the waiting contacts of one kind by effective arrival; offered ones are out of it.
-- `lines` holds the kinds with somebody waiting, by a lower bound of the effective
-- arrival of their head: corrected when it is looked at, so that leaving a line costs nothing.
-- Who is offered at once has never been in line; from then on the queue's order keeps their place.

local ALONE_AGAIN_MS = 30000   -- who may leave because nobody is there is looked at again so often

-- Who let a contact pass is not asked again until: `agent until agent until ...`, the text of a field.
local function excluded(text, agent)
  if not present(text) then return false end
  local _, at = string.find(text, agent, 1, true)
  return at and tonumber(string.match(text, '^ (%d+)', at + 1)) > now
end

-- The text without those whose time is over, and with this agent until then.
local function exclude(text, agent, until_ms)
  local kept = ''
  for who, at in string.gmatch(text or '', '(%S+) (%d+)') do
    if who ~= agent and tonumber(at) > now then kept = kept .. who .. ' ' .. at .. ' ' end
  end
  return agent and kept .. agent .. ' ' .. string.format('%d', until_ms) .. ' ' or kept
end

-- A contact's own, which never changes while it is in line, is one text: `line_at score offer_ms
-- leave alone prefer_until`, with - for none (picture.py). Many short fields cost more than they tell.
local function unpack_way(c)
  c.line_at, c.score, c.offer_ms, c.leave, c.alone, c.prefer_until =
    string.match(c.way, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
  c.line_at, c.leave, c.alone, c.prefer_until =
    tonumber(c.line_at), tonumber(c.leave), tonumber(c.alone), tonumber(c.prefer_until)
end

-- Steps as {kind, strategy, from_ms, ahead, skip}, from their text: fields by spaces, steps by ;
-- `route`: the kinds of all of them. Contacts of one kind have the same.
local STEP = '([^; ]+) (%S+) (%d+) (%d+) (%d)'
local steps_in = remembered(2000, function(text)
  local steps, route = {}, ''
  for kind, strategy, from_ms, ahead_ms, skip in string.gmatch(text, STEP) do
    steps[#steps + 1] = { kind = kind, strategy = strategy, from_ms = tonumber(from_ms),
      ahead = tonumber(ahead_ms), skip = skip == '1' }
    route = route .. kind .. ' '
  end
  steps.route = route
  return steps
end)

local function steps_of(c) return steps_in(c.steps) end

-- A waiting contact as the store has it; `lined`: whether it is in the lines.
local function contact_of(id, lined)
  local c = hash(K.contact(id))
  if c.way then
    unpack_way(c)
    local step = steps_of(c)[tonumber(c.step)]
    c.strategy, c.ahead = step.strategy, step.ahead
  end
  c.lined = lined
  return c
end

local function able(kind) return redis.call('EXISTS', K.able_classes(kind)) == 1 end

-- Nobody signed in could serve the contact in any step.
local function alone(c)
  for _, step in ipairs(steps_of(c)) do
    if able(step.kind) then return false end
  end
  return true
end

-- As text where nothing is taken off: a number is spelled out again for every command.
local function effective(c)
  return c.ahead == 0 and c.score or tonumber(c.score) - c.ahead
end

-- Fields of a contact that is not written yet (`c.new`) are written with it, at the end.
local function change(id, c, fields)
  for name, value in pairs(fields) do c[name] = value end
  if not c.new then write(K.contact(id), fields) end
end

-- `hold`: waits for the preferred agent alone.
local function line_up(id, c, hold)
  local at = effective(c)
  if present(c.prefer) then redis.call('ZADD', K.own(c.prefer), at, id) end
  if not hold then
    redis.call('ZADD', K.line(c.kind), at, id)
    redis.call('ZADD', K.lines(), 'LT', at, c.kind)
  end
  c.lined = true
end

local function out_of_line(id, c)
  if present(c.kind) then redis.call('ZREM', K.line(c.kind), id) end
  if present(c.prefer) then redis.call('ZREM', K.own(c.prefer), id) end
  c.lined = false
end

-- The contact has to wait: it has its place in the queue from now on, while it is offered too.
local function queue_up(id, c)
  if present(c.queued) then return end
  redis.call('ZADD', K.order(c.queue), effective(c), id)
  redis.call('ZADD', K.age(c.queue), c.arrival, id)
  redis.call('HINCRBY', K.routes(c.queue), steps_of(c).route, 1)
  change(id, c, { queued = '1' })
end

-- The contact is out of its queue for good (answered, moved or ended).
local function out_of_queue(id, c)
  if not present(c.queued) then return end
  if c.st == 'waiting' then out_of_line(id, c) end
  redis.call('ZREM', K.order(c.queue), id)
  redis.call('ZREM', K.age(c.queue), id)
  redis.call('ZREM', K.wake(), id)
  local route = steps_of(c).route
  if redis.call('HINCRBY', K.routes(c.queue), route, -1) == 0 then
    redis.call('HDEL', K.routes(c.queue), route)
  end
  c.queued = nil
end

-- Sets the next moment at which the contact looks again: the next step, the end of an exclusion
-- or of a preference, or when it leaves.
local function set_wake(id, c)
  local at
  local function no_later(t)
    if t > now and (not at or t < at) then at = t end
  end
  local line_at = c.line_at
  for _, step in ipairs(steps_of(c)) do
    if step.from_ms > 0 then no_later(line_at + step.from_ms) end
  end
  for until_ms in string.gmatch(c.excluded or '', ' (%d+)') do no_later(tonumber(until_ms)) end
  if c.prefer_until then no_later(c.prefer_until) end
  -- it may have become due while it was held out to somebody who then let it pass
  if c.leave then no_later(math.max(line_at + c.leave, now + 1)) end
  if c.alone then
    local first = line_at + c.alone
    no_later(first > now and first or now + ALONE_AGAIN_MS)
  end
  if at then
    redis.call('ZADD', K.wake(), at, id)
  elseif not c.new then
    redis.call('ZREM', K.wake(), id)
  end
end

-- Moves the contact to the step that its waiting time says, past those to be skipped because
-- nobody signed in could serve them; true when it changed. The contact is out of line then.
local function take_step(id, c)
  local steps = steps_of(c)
  local at = 1
  for n = 2, #steps do
    if now >= c.line_at + steps[n].from_ms then at = n end
  end
  while steps[at].skip and steps[at + 1] and not able(steps[at].kind) do at = at + 1 end
  if at == tonumber(c.step or 0) then return false end
  if c.lined then out_of_line(id, c) end
  local step, before = steps[at], c.ahead
  c.strategy, c.ahead = step.strategy, step.ahead
  change(id, c, { step = at, kind = step.kind })
  if present(c.queued) and c.ahead ~= before then redis.call('ZADD', K.order(c.queue), 'XX', effective(c), id) end
  return true
end
