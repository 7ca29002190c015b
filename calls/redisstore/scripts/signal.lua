-- Publishes a signal to the process that has or had the call. Answers who that is,
-- and how many were there to hear it: on this node only, of a Redis Cluster.
-- ARGV: id, what its channel begins with, payload
local header = read(ARGV[1])
if not header or string.sub(header, 1, 1) == 'L' then return {'', 0} end
local owner = string.sub(header, 18, 33)
return {owner, redis.call('PUBLISH', ARGV[2] .. owner, ARGV[3])}
