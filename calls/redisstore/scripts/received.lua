-- Drops replies that their caller has.
-- ARGV: ids, each once
local _, bytes, until_ = read('')
local size = 0
for _, id in ipairs(ARGV) do size = size + redis.call('HSTRLEN', replies, id) end
if size == 0 then return 0 end
redis.call('HDEL', replies, unpack(ARGV))
redis.call('ZREM', ends, unpack(ARGV))
redis.call('HSET', calls, '', summary(bytes - size, until_))
return size
