-- KEYS: the epoch. ARGV: what it is to be if there is none
local epoch = redis.call('GET', KEYS[1])
if epoch then return epoch end
redis.call('DEL', KEYS[1]) -- a script that has written is not refused for want of memory
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
