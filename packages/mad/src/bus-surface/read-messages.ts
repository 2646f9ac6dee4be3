import type { Bus } from '@mad-group/bus';
import type { Envelope, Logger, Position } from '@mad-group/protocol';
import { retrying } from '../retrying.ts';

export interface MessageReader {
  /**
   * Takes the place from which messages count. Resolves when it is taken; where the bus is away it
   * is taken when the bus comes.
   */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface MessageReaderOptions {
  readonly bus: Pick<Bus, 'read' | 'readOnce' | 'status'>;
  readonly channel: string;
  /** Of the reader, where its place is worth watching. */
  readonly name?: string;
  /** The next message is read when this one's promise is fulfilled. */
  readonly onMessage: (envelope: Envelope) => void | Promise<void>;
  readonly log: Logger;
}

/** Hands on every message of one channel from the start on, in order. */
export function createMessageReader(options: MessageReaderOptions): MessageReader {
  const { bus, channel, log, name } = options;
  const named = name === undefined ? {} : { name };
  const stopping = new AbortController();
  let reading: Promise<void> | undefined;

  /** Where the log ends now, so that nothing that comes after `start` is missed. */
  async function endOfLog(): Promise<Position | 'end'> {
    if (!bus.status().connected) return 'end';
    try {
      return (await bus.readOnce({ from: 'end', patterns: () => [channel] })).position;
    } catch (error) {
      log.warn({ reason: (error as Error).message }, 'The end of the log is not known yet');
      return 'end';
    }
  }

  /** Behind a defect, reading goes on: a MAD that answers no one must not look well. */
  function readOn(from: Position | 'end'): Promise<void> {
    const { signal } = stopping;
    let next = from;
    const failure = `Reading ${channel} failed`;
    return retrying({ signal, log, failure, firstPauseMs: 100, longestPauseMs: 10_000 }, async (worked) => {
      for await (const batch of bus.read({ ...named, from: next, patterns: () => [channel], signal })) {
        next = batch.position;
        worked();
        for (const item of batch.items) {
          if (signal.aborted) return;
          if (item.kind === 'message') await options.onMessage(item.envelope);
          else
            log.warn(
              { channel, reason: item.reason, from: item.from, to: item.to },
              'A piece of the log was gone before it was read',
            );
        }
      }
    });
  }

  return {
    async start() {
      if (reading || stopping.signal.aborted) return;
      const from = await endOfLog();
      reading = readOn(from);
    },
    async stop() {
      stopping.abort();
      await reading;
    },
  };
}
