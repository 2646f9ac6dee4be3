import type { Clock, Logger } from '@mad-group/protocol';

export interface TrafficLog {
  /** Says that a message came, at most once a minute for its sender and channel. */
  note(senderId: string, channel: string): void;
}

export interface TrafficLogOptions {
  readonly log: Logger;
  readonly clock: Clock;
  /** Pairs of sender and channel that get a line in one minute; the rest is only counted. */
  readonly maxPairs?: number;
}

const INTERVAL_MS = 60_000;
/** Names come from outside: a line shows so much of one, and nothing that steers a terminal. */
const MAX_SHOWN = 200;

/**
 * The guide's line for each message seen, held to once a minute per sender and channel. A burst of
 * new channels (each task streams on its own) cannot flood the log either: past `maxPairs` pairs
 * in a minute one line says how many messages had none.
 */
export function createTrafficLog({ log, clock, maxPairs = 1000 }: TrafficLogOptions): TrafficLog {
  // In the order of their times, since a pair is put at the end when it is logged again.
  const loggedAtMs = new Map<string, number>();
  let leftOut = 0;
  let leftOutSinceMs = 0;

  function makeRoom(nowMs: number): boolean {
    for (const [pair, atMs] of loggedAtMs) {
      if (nowMs - atMs < INTERVAL_MS) break;
      loggedAtMs.delete(pair);
    }
    return loggedAtMs.size < maxPairs;
  }

  function leaveOut(nowMs: number): void {
    if (leftOut === 0) leftOutSinceMs = nowMs;
    leftOut += 1;
    if (nowMs - leftOutSinceMs >= INTERVAL_MS) tellLeftOut();
  }

  function tellLeftOut(): void {
    log.info({ count: leftOut }, '[Metrics] Received messages on more channels than are logged');
    leftOut = 0;
  }

  return {
    note(senderId, channel) {
      const pair = `${channel} ${senderId}`;
      const nowMs = clock.now();
      const atMs = loggedAtMs.get(pair);
      if (atMs !== undefined && nowMs - atMs < INTERVAL_MS) return;
      loggedAtMs.delete(pair);
      if (!makeRoom(nowMs)) return leaveOut(nowMs);
      if (leftOut > 0) tellLeftOut();
      loggedAtMs.set(pair, nowMs);
      const [sender, shown] = [printable(senderId), printable(channel)];
      log.info(
        { sender_id: sender, channel: shown },
        `[Metrics] Received message from sender: ${sender} on channel: ${shown}`,
      );
    },
  };
}

const printable = (name: string): string => name.slice(0, MAX_SHOWN).replace(/\p{C}/gu, '\ufffd');
