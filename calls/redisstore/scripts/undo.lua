-- Takes back a claim whose call did not and will not run.
-- ARGV: id, owner, fence
local header = read(ARGV[1])
if not header or string.sub(header, 1, 1) ~= 'R' or string.sub(header, 18, 33) ~= ARGV[2] or string.sub(header, 48) ~= ARGV[3] then return 0 end
redis.call('HDEL', calls, ARGV[1])
redis.call('ZREM', expiries, ARGV[1])
return 1
