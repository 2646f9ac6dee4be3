import { formatPosition } from '@mad-group/protocol';
import type { LogPlace, PlaceSought } from './bus.ts';
import { type LogHead, type RawEntry, startOf } from './log-cursor.ts';
import { placeBefore, placeMs, placeNumber } from './place.ts';
import { readHead } from './read-log.ts';
import type { ScriptedRedis } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';

/** Finds a place in the log without reading what lies before it. */
export async function findPlaceInLog(
  redis: ScriptedRedis,
  keys: RedisKeys,
  sought: PlaceSought,
): Promise<LogPlace> {
  const head = await readHead(redis, keys);
  return 'newest' in sought
    ? findNewest(redis, keys, sought.newest, head)
    : findTime(redis, keys, sought.sinceMs, head);
}

async function findTime(
  redis: ScriptedRedis,
  keys: RedisKeys,
  sinceMs: number,
  { epoch, oldest, last }: LogHead,
): Promise<LogPlace> {
  const found = await firstFrom(redis, keys, Math.max(0, Math.ceil(sinceMs)));
  if (!found) {
    // Everything is older, or what was not is gone.
    const isLost = oldest === undefined && placeNumber(last) > 0 && placeMs(last) >= sinceMs;
    const position = formatPosition({ epoch, place: last });
    return { position, trimmedTo: isLost ? position : null };
  }
  // The entry names its epoch: the log may have begun anew since its ends were looked at.
  const [place, [, , own = epoch]] = found;
  const isFirst = own !== epoch || oldest === undefined || place === oldest;
  const position = formatPosition({ epoch: own, place: placeBefore(place) });
  const isLost = isFirst && placeNumber(place) > 1;
  return { position, trimmedTo: isLost ? formatPosition({ epoch: own, place }) : null };
}

/** Numbers have no gaps, so it is known which entry it is; the search is for the time in its place. */
async function findNewest(
  redis: ScriptedRedis,
  keys: RedisKeys,
  newest: number,
  head: LogHead,
): Promise<LogPlace> {
  const { epoch, oldest, last } = head;
  const number = placeNumber(last) - newest + 1;
  const start = startOf(head);
  // The first one that is left, or none is.
  if (oldest === undefined || number <= placeNumber(oldest)) {
    const isLost = placeNumber(start) > Math.max(0, number - 1);
    const trimmedTo = isLost ? formatPosition({ epoch, place: oldest ?? last }) : null;
    return { position: formatPosition({ epoch, place: start }), trimmedTo };
  }
  let fromMs = placeMs(oldest);
  for (let toMs = placeMs(last); fromMs < toMs; ) {
    const middleMs = Math.ceil((fromMs + toMs) / 2);
    const [place] = (await firstFrom(redis, keys, middleMs)) ?? [];
    if (place !== undefined && placeNumber(place) <= number) fromMs = placeMs(place);
    else toMs = middleMs - 1;
  }
  return { position: formatPosition({ epoch, place: placeBefore(`${fromMs}-${number}`) }), trimmedTo: null };
}

async function firstFrom(
  redis: ScriptedRedis,
  { log }: RedisKeys,
  timeMs: number,
): Promise<RawEntry | undefined> {
  const [found] = (await redis.xrange(log, `${timeMs}`, '+', 'COUNT', 1)) as RawEntry[];
  return found;
}
