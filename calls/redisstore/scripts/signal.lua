-- Publishes a signal to the process that has or had the call. Answers who that is.
-- ARGV: id, what its channel begins with, payload
local header = read(ARGV[1])
if not header or string.sub(header, 1, 1) == 'L' then return '' end
local owner = string.sub(header, 18, 33)
redis.call('PUBLISH', ARGV[2] .. owner, ARGV[3])
return owner
