-- Appends messages to the log and publishes each on its channel. Stands behind open-log.lua.
--
-- KEYS[1], KEYS[2], ARGV[1]  as in open-log.lua
-- KEYS[3]  the publisher's fence: the newest generation of its calls
-- KEYS[4]  where the publisher hears itself: a stream of one entry, and a channel
-- ARGV[2]  longest log, in entries; Redis may keep some more (MAXLEN ~)
-- ARGV[3]  oldest entry, in milliseconds
-- ARGV[4]  where looking back ends: a stream id, or '-' for the log's beginning
-- ARGV[5]  how many entries to look back over, at most
-- ARGV[6]  generation of this call: 0, and one more each time that the publisher sends again what
--          was not answered
-- ARGV[7…] four for each message:
--          flags: 'r' it may be in the log already, 'f' it is foreign: append, do not publish,
--                 'l' it is no message: the publisher wants to hear its number
--          channel
--          message id, or the number
--          envelope: a JSON object without a position
--
-- Returns {epoch, place, place, …}, a place for each message.

-- What a network held back may arrive after it was sent again on another connection. The first call
-- of a generation shuts the door on all earlier ones. An hour is longer than TCP keeps trying.
local generation = tonumber(ARGV[6])
local newest = tonumber(redis.call('GET', KEYS[3]) or 0)
if generation < newest then
  return redis.error_reply('STALE a later call of this publisher came first')
end

local epoch, ms, number = open_log()
if generation > newest then redis.call('SET', KEYS[3], ARGV[6], 'EX', 3600) end
local time = redis.call('TIME')
ms = math.max(ms, time[1] * 1000 + math.floor(time[2] / 1000))

-- One walk back over the log finds all messages that may be there already.
local wanted, known = 0, {}
for i = 7, #ARGV, 4 do
  if string.find(ARGV[i], 'r', 1, true) and known[ARGV[i + 2]] == nil then
    known[ARGV[i + 2]] = false
    wanted = wanted + 1
  end
end
local left, upper = tonumber(ARGV[5]), '+'
while wanted > 0 and left > 0 do
  local entries = redis.call('XREVRANGE', KEYS[1], upper, ARGV[4], 'COUNT', math.min(left, 200))
  if #entries == 0 then break end
  for _, entry in ipairs(entries) do
    if known[entry[2][4]] == false then
      known[entry[2][4]] = entry[1]
      wanted = wanted - 1
    end
  end
  left = left - #entries
  upper = '(' .. entries[#entries][1]
end

local reply, publish, first = {epoch}, {}, number
for i = 7, #ARGV, 4 do
  local flags, channel, id, envelope = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local place = known[id]
  if flags == 'l' then
    place = ''
    -- Refused where it was heard before, as in a call that is sent again.
    redis.pcall('XADD', KEYS[4], 'MAXLEN', 1, id .. '-1', 'n', id)
    redis.call('PEXPIRE', KEYS[4], 60000)
    publish[#publish + 1] = KEYS[4]
    publish[#publish + 1] = id
  elseif not place then
    number = number + 1
    place = string.format('%.0f-%.0f', ms, number)
    if string.find(flags, 'f', 1, true) then
      redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], place,
        'channel', channel, 'id', id, 'epoch', epoch, 'envelope', envelope, 'foreign', '1')
    else
      redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], place,
        'channel', channel, 'id', id, 'epoch', epoch, 'envelope', envelope)
      publish[#publish + 1] = channel
      publish[#publish + 1] = string.sub(envelope, 1, -2) .. ',"position":"' .. epoch .. ':' .. place .. '"}'
    end
    if known[id] == false then known[id] = place end
  end
  reply[#reply + 1] = place
end

if number > first then
  redis.call('HSET', KEYS[2], 'ms', string.format('%.0f', ms), 'number', string.format('%.0f', number))
  -- Old age comes slowly: once in a hundred entries is often enough to look for it.
  if math.floor(number / 100) > math.floor(first / 100) then
    redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', math.max(0, ms - ARGV[3])))
  end
end
for i = 1, #publish, 2 do
  redis.call('PUBLISH', publish[i], publish[i + 1])
end
return reply
