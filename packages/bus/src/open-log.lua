-- Comes before each script that works on the log.
--
-- KEYS[1]  the log: a stream. An entry's fields are channel, then one that is named after the epoch and
--          holds the envelope, and foreign where it is. A name that neighbours share costs nothing.
-- KEYS[2]  its head: a hash {epoch, ms, number}, the place of its newest entry
-- ARGV[1]  the epoch that begins where there is no log
--
-- An entry's id is {ms}-{number}: the time, which never goes back, and the entry's number in its
-- epoch, without gaps. So a reader that sees 41 and then 43 knows that one entry is gone.
-- A log without its head, or a head without its log, cannot be continued: both begin anew,
-- and so does one that failed over (failover.lua).
local function open_log()
  local head = redis.call('HMGET', KEYS[2], 'epoch', 'ms', 'number')
  local exists = redis.call('EXISTS', KEYS[1]) == 1
  if head[1] and exists then
    return head[1], tonumber(head[2]), tonumber(head[3])
  end
  -- Not without need: after its first write a script is no longer refused where memory is out.
  if exists then redis.call('DEL', KEYS[1]) end
  -- The only way to an empty stream.
  redis.call('XGROUP', 'CREATE', KEYS[1], 'new', '$', 'MKSTREAM')
  redis.call('XGROUP', 'DESTROY', KEYS[1], 'new')
  redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'ms', 0, 'number', 0)
  return ARGV[1], 0, 0
end

