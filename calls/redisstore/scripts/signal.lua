-- Publishes a signal to the process that has or had the call.
-- ARGV: id, what its channel begins with, payload
local header = read(ARGV[1])
if header then redis.call('PUBLISH', ARGV[2] .. string.sub(header, 18, 33), ARGV[3]) end
return header and 1 or 0
