-- Where the log begins and ends. Stands behind open-log.lua.
--
-- KEYS[1], KEYS[2], ARGV[1]  as in open-log.lua
--
-- Returns {epoch, place of the oldest entry or '', place of the newest entry ever}.
local epoch, ms, number = open_log()
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
return {epoch, oldest and oldest[1] or '', string.format('%.0f-%.0f', ms, number)}
