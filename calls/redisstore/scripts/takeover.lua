-- Gives a call whose owner died to another one if it may run again, and ends it as
-- lost otherwise.
-- ARGV: id, old owner, old fence, owner, fence, 1 if it may run again
local id = ARGV[1]
local header = read(id)
if not header or string.sub(header, 1, 1) ~= 'R' or string.sub(header, 18, 33) ~= ARGV[2] or string.sub(header, 48) ~= ARGV[3] then return CHANGED end
redis.call('HDEL', replies, id) -- see complete
if ARGV[6] ~= '1' then
  redis.call('HSET', calls, id, 'L' .. string.sub(header, 2))
  return LOST
end
redis.call('HSET', calls, id, 'R' .. string.sub(header, 2, 17) .. ARGV[4] .. string.sub(header, 34, 47) .. ARGV[5])
return CLAIMED
