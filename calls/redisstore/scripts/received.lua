-- Drops replies that their caller has.
-- ARGV: ids
local _, bytes, until_ = read('')
local dropped = 0
for _, id in ipairs(ARGV) do dropped = dropped + drop(id) end
if dropped > 0 and until_ > 0 then redis.call('HSET', calls, '', summary(bytes - dropped, until_)) end
return dropped
