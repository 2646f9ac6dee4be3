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
-- ARGV[7]  a letter for each message: 'm', or 'r' where it may be in the log already;
--          'f' it is foreign: append, do not publish; 'g' the same, and it may be there;
--          'l' it is no message: the publisher wants to hear its number
-- ARGV[8…] two for each message: channel; envelope, a JSON object without a position whose first
--          member is its message_id. For 'l': nothing; the number
--
-- Returns {epoch, place, place, …}: the place of each message; for 'l' that of the log's newest entry.

-- What a network held back may arrive after it was sent again on another connection. The first call
-- of a generation shuts the door on all earlier ones. An hour is longer than TCP keeps trying.
local generation = tonumber(ARGV[6])
local newest = tonumber(redis.call('GET', KEYS[3]) or 0)
if generation < newest then
  return redis.error_reply('STALE a later call of this publisher came first')
end

local epoch, ms, number = open_log()
local newest_ms = ms
if generation > newest then redis.call('SET', KEYS[3], ARGV[6], 'EX', 3600) end
local time = redis.call('TIME')
ms = math.max(ms, time[1] * 1000 + math.floor(time[2] / 1000))

-- The message id as JSON text, without its quotes: the first member of an envelope, which need not
-- be parsed for it. Nil where an entry is no message.
local function id_of(envelope)
  if string.sub(envelope, 1, 15) ~= '{"message_id":"' then return nil end
  local quote = 15
  repeat
    quote = string.find(envelope, '"', quote + 1, true)
    if not quote then return nil end
    -- Behind an odd number of backslashes a quote is part of the text.
    local slashes = 0
    while string.byte(envelope, quote - 1 - slashes) == 92 do slashes = slashes + 1 end
  until slashes % 2 == 0
  return string.sub(envelope, 16, quote - 1)
end

-- One walk back over the log finds all messages that may be there already.
local kinds = ARGV[7]
local wanted, known = 0, {}
for i = 1, #kinds do
  if string.find(kinds, '^[rg]', i) then
    local id = id_of(ARGV[7 + 2 * i])
    if id and known[id] == nil then
      known[id] = false
      wanted = wanted + 1
    end
  end
end
local left, upper = tonumber(ARGV[5]), '+'
while wanted > 0 and left > 0 do
  local entries = redis.call('XREVRANGE', KEYS[1], upper, ARGV[4], 'COUNT', math.min(left, 200))
  if #entries == 0 then break end
  for _, entry in ipairs(entries) do
    local id = id_of(entry[2][4])
    if id and known[id] == false then
      known[id] = entry[1]
      wanted = wanted - 1
    end
  end
  left = left - #entries
  upper = '(' .. entries[#entries][1]
end
local looks_back = next(known) ~= nil

local reply, publish, first = {epoch}, {}, number
for i = 1, #kinds do
  local kind, channel, envelope = string.sub(kinds, i, i), ARGV[6 + 2 * i], ARGV[7 + 2 * i]
  local id = looks_back and kind ~= 'l' and id_of(envelope)
  local place = id and known[id]
  if kind == 'l' then
    place = string.format('%.0f-%.0f', newest_ms, number)
    -- Refused where it was heard before, as in a call that is sent again.
    redis.pcall('XADD', KEYS[4], 'MAXLEN', 1, envelope .. '-1', 'n', envelope)
    redis.call('PEXPIRE', KEYS[4], 60000)
    publish[#publish + 1] = KEYS[4]
    publish[#publish + 1] = envelope
  elseif not place then
    number = number + 1
    newest_ms = ms
    place = string.format('%.0f-%.0f', ms, number)
    if kind == 'f' or kind == 'g' then
      redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], place,
        'channel', channel, epoch, envelope, 'foreign', '1')
    else
      redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], place, 'channel', channel, epoch, envelope)
      publish[#publish + 1] = channel
      publish[#publish + 1] = string.sub(envelope, 1, -2) .. ',"position":"' .. epoch .. ':' .. place .. '"}'
    end
    if id and known[id] == false then known[id] = place end
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
