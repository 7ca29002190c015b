-- Takes a call if it is new, or says what is known of it.
-- ARGV: id, fingerprint, owner, fence, time to live in ms, find or claim, bounds of
-- calls and reply bytes, ms for which replies are kept at least
local id, fingerprint, owner, fence, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local header, bytes, until_, stale = read(id)
local before = bytes
if header then
  if string.sub(header, 2, 17) ~= fingerprint then return CONFLICT end
  local state = string.sub(header, 1, 1)
  if state == 'R' then return {RUNNING, string.sub(header, 18, 33), string.sub(header, 48)} end
  if state == 'L' then return LOST end
  if state == 'E' then return {DONE, ''} end
  local reply = redis.call('HGET', replies, id)
  if reply then return {DONE, reply} end
  return DROPPED
end
if ARGV[6] == 'find' then return UNKNOWN end

-- Forget what is over: now and then, so many that they never heap up, and when there
-- is no room.
local maxcalls, maxbytes = tonumber(ARGV[7]), tonumber(ARGV[8])
local count = redis.call('ZCARD', expiries)
if tonumber(fence) % 16 == 0 or count >= maxcalls or bytes >= maxbytes then
  local over = redis.call('ZRANGEBYSCORE', expiries, '-inf', now, 'LIMIT', 0, 100)
  for _, old in ipairs(over) do bytes = bytes - drop(old) end
  if #over > 0 then
    redis.call('HDEL', calls, unpack(over))
    redis.call('ZREM', expiries, unpack(over))
    count = count - #over
  end
end
if stale then bytes = bytes - drop(id) end

local full = count >= maxcalls and redis.call('ZCOUNT', expiries, now, '+inf') >= maxcalls
while not full and bytes >= maxbytes do
  local oldest = redis.call('ZRANGE', ends, 0, 0, 'WITHSCORES')
  if oldest[1] and tonumber(oldest[2]) + tonumber(ARGV[9]) <= now then
    bytes = bytes - drop(oldest[1])
  else
    full = true
  end
end
if full then
  if bytes ~= before then redis.call('HSET', calls, '', summary(bytes, until_)) end
  return FULL
end

local expires = now + ttl
local extended = expires > until_
if extended then until_ = expires + 60000 end
redis.call('HSET', calls, id, 'R' .. fingerprint .. owner .. string.format('%014.0f', expires) .. fence, '', summary(bytes, until_))
redis.call('ZADD', expiries, expires, id)
if extended then
  for _, key in ipairs(KEYS) do redis.call('PEXPIREAT', key, until_) end
elseif count == 0 then -- what was empty did not expire
  redis.call('PEXPIREAT', expiries, until_)
end
return CLAIMED
