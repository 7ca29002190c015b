-- Notes how many connections a user has to a process, and answers what the others
-- have: process, number, process, number …
-- KEYS: a hash of process -> "<version> <number> <until>". ARGV: process, version,
-- number, ms for which it counts
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local process, version, number, ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local mine = redis.call('HGET', KEYS[1], process)
-- What was sent earlier and comes later counts for nothing.
if not mine or tonumber(string.match(mine, '^%d+')) < tonumber(version) then
  redis.call('HSET', KEYS[1], process, version .. ' ' .. number .. ' ' .. string.format('%.0f', now + ttl))
end
local all, others, last = redis.call('HGETALL', KEYS[1]), {}, 0
for i = 1, #all, 2 do
  local count, until_ = string.match(all[i + 1], ' (%d+) (%d+)$')
  if tonumber(until_) <= now then
    redis.call('HDEL', KEYS[1], all[i])
  else
    last = math.max(last, tonumber(until_))
    if all[i] ~= process and count ~= '0' then
      others[#others + 1] = all[i]
      others[#others + 1] = count
    end
  end
end
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last))
return others
