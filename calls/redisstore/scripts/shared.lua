-- What a user has lies in four keys, of one slot:
--   calls    hash: correlation id -> header; '' -> "<bytes of replies> <until>"
--   expiries zset: correlation id by when it is forgotten, in ms of Redis's clock
--   replies  hash: correlation id -> reply, while it is kept
--   ends     zset: correlation id by when its reply was stored, while that is kept
-- All four expire at <until>, which is later than any expiry in them.
-- A header is
--   1      state: R running, D done, E done without a reply, L lost
--   2-17   fingerprint
--   18-33  owner, the process that has or had it
--   34-47  expiry in ms
--   48-    fence
local calls, expiries, replies, ends = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function expiry(header) return tonumber(string.sub(header, 34, 47)) end

-- read is the header of a call that is remembered, or nil, and what the user has;
-- stale tells that there is one whose time is over.
local function read(id)
  local got = redis.call('HMGET', calls, id, '')
  local header, bytes, until_ = got[1], 0, 0
  if got[2] then
    local space = string.find(got[2], ' ', 1, true)
    bytes, until_ = tonumber(string.sub(got[2], 1, space - 1)), tonumber(string.sub(got[2], space + 1))
  end
  if header and id ~= '' and expiry(header) > now then return header, bytes, until_ end
  return nil, bytes, until_, header
end

local function summary(bytes, until_) return string.format('%.0f %.0f', bytes, until_) end

-- drop forgets a reply, if there is one, and returns its bytes.
local function drop(id)
  local size = redis.call('HSTRLEN', replies, id)
  if size > 0 then
    redis.call('HDEL', replies, id)
    redis.call('ZREM', ends, id)
  end
  return size
end
