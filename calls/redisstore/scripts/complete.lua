-- Stores the reply of a call that its owner still has.
-- ARGV: id, owner, fence, reply ('' for none)
local id, reply = ARGV[1], ARGV[4]
local header, bytes, until_ = read(id)
if not header then return FORGOTTEN end
if string.sub(header, 18, 33) ~= ARGV[2] or string.sub(header, 48) ~= ARGV[3] then return SUPERSEDED end
local state = string.sub(header, 1, 1)
if state ~= 'R' then
  -- The same again: the answer to the first was lost.
  if (state == 'E' and reply == '') or (state == 'D' and redis.call('HGET', replies, id) == reply) then return COMPLETED end
  return SUPERSEDED
end
-- A script that has written is not refused for want of memory any more: what was
-- claimed can be completed.
redis.call('HDEL', replies, id)
if reply == '' then
  redis.call('HSET', calls, id, 'E' .. string.sub(header, 2))
  return COMPLETED
end
redis.call('HSET', calls, id, 'D' .. string.sub(header, 2), '', summary(bytes + #reply, until_))
redis.call('HSET', replies, id, reply)
redis.call('ZADD', ends, now, id)
if redis.call('HLEN', replies) == 1 then
  redis.call('PEXPIREAT', replies, until_)
  redis.call('PEXPIREAT', ends, until_)
end
return COMPLETED
