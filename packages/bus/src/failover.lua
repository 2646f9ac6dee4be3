-- Stands behind open-log.lua where Sentinel says which Redis is the primary: a log that failed over
-- begins anew.
--
-- KEYS[2]  the head, with one field more: replid, the replication id of the promoted primary on which
--          its epoch began
--
-- A primary answers before its replica has a write. So a promoted replica may lack the newest entries,
-- and would give their places to others: who had read the lost ones would miss those without a word.
-- It is known by its ids (INFO replication): at its promotion a replica takes a new master_replid and
-- keeps the one that it had as master_replid2. The first script that sees such a pair begins a new
-- epoch, in one step with what else it does: no publish of any member comes before it.
--
-- A primary that loads its append-only file has no master_replid2, and its log goes on. One that loads
-- a snapshot has, and its log begins anew: what came after the snapshot is gone. What no id tells: a
-- promoted replica that was started again before any member had reached it.
--
-- Whoever publishes again what was in doubt finds no trace of it in the new log: a reader may get it
-- a second time, behind the gap, with the same message_id.
local continue_log = open_log
open_log = function()
  local ids = redis.call('INFO', 'replication')
  local replid, former = string.match(ids, 'master_replid:(%x+)%s+master_replid2:(%x+)')
  if string.find(former, '^0+$') or redis.call('HGET', KEYS[2], 'replid') == replid then
    return continue_log()
  end
  redis.call('DEL', KEYS[2])
  local epoch, ms, number = continue_log()
  redis.call('HSET', KEYS[2], 'replid', replid)
  return epoch, ms, number
end

