import { type Bus, createMemoryBus, type LogBatch, type ReadOptions } from '@mad-group/bus';
import { compilePatterns, createEnvelope, LOCAL_CALLER, silentLogger } from '@mad-group/protocol';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Client } from '../clients/client.ts';
import { FanOut } from './fan-out.ts';
import { MessagePool, type SharedMessage } from './shared-message.ts';
import { Turns } from './turns.ts';

const pool = new MessagePool();
const clientOf = (id: string, patterns: readonly string[]) =>
  new Client({ id, owner: LOCAL_CALLER, patterns, handed: null, pool });

function start(bus: Pick<Bus, 'read' | 'readOnce'>) {
  const seen = new Map<Client, number[]>();
  const deliver = (client: Client, message: SharedMessage): void => {
    seen.set(client, [...(seen.get(client) ?? []), message.parse()?.payload.n as number]);
  };
  const fanOut = new FanOut({
    bus,
    log: silentLogger,
    turns: new Turns(4),
    deliver,
    tellGap: () => undefined,
    onGap: () => undefined,
    ready: async () => undefined,
  });
  fanOut.start();
  onTestFinished(() => fanOut.stop());
  return { fanOut, seen: (client: Client) => seen.get(client) ?? [] };
}

/** A bus whose batches are filtered early and come late, as over a network. */
function slowBus(bus: Bus, delays: () => number): Pick<Bus, 'read' | 'readOnce'> {
  const late = async (): Promise<void> => {
    for (let turns = delays(); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
  };
  async function* read(options: ReadOptions): AsyncGenerator<LogBatch> {
    let matches = compilePatterns(options.patterns());
    for await (const batch of bus.read({ ...options, idleMs: 5, maxBatch: 7, patterns: () => ['mad.#'] })) {
      await late();
      const items = batch.items.filter((item) => item.kind === 'gap' || matches(item.envelope.channel));
      yield { ...batch, items };
      matches = compilePatterns(options.patterns());
    }
  }
  return {
    read,
    async readOnce(options) {
      await late();
      const batch = await bus.readOnce({ ...options, maxBatch: 5 });
      await late();
      return batch;
    },
  };
}

describe('FanOut', () => {
  test('each client gets every message behind the place where it joined, once and in order, whenever it joins', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { minLength: 20, maxLength: 60 }),
        fc.infiniteStream(fc.nat(4)),
        async (steps, stream) => {
          const bus = createMemoryBus();
          await bus.start();
          const { fanOut, seen } = start(slowBus(bus, () => stream.next().value as number));
          const joined: { client: Client; from: number }[] = [];
          const positions = new Map<string, number>();
          let sent = 0;
          for (const step of steps) {
            if (step === 0) {
              // Behind any place that was there, or where the reader is.
              const known = [...positions.keys()];
              const at =
                known.length > 0 && joined.length % 2 === 0 ? known[(sent * 7) % known.length] : undefined;
              const from = (at ?? fanOut.position) as typeof fanOut.position;
              if (from === null) continue;
              const client = clientOf(`c${joined.length}`, [
                `mad.topic.${joined.length % 3}`,
                'mad.direct.*',
              ]);
              fanOut.join(client, from);
              joined.push({ client, from: (positions.get(from) ?? -1) + 1 });
            } else {
              const channel = step === 1 ? 'mad.direct.x' : `mad.topic.${sent % 3}`;
              const envelope = createEnvelope({ channel, senderId: 's', payload: { n: sent } });
              positions.set(await bus.publish(envelope), sent++);
            }
            if (step === 3) await new Promise((resolve) => setImmediate(resolve));
          }
          const log = await bus.readOnce({ from: 'start', patterns: () => ['mad.#'], maxBatch: 1000 });
          for (const { client, from } of joined) {
            const matches = compilePatterns(client.patterns);
            const expected = log.items.flatMap((item) => (item.kind === 'message' ? [item.envelope] : []));
            const numbers = expected
              .filter(({ channel }) => matches(channel))
              .map(({ payload }) => payload.n as number);
            await expect.poll(() => seen(client), { interval: 2 }).toEqual(numbers.filter((n) => n >= from));
          }
          // Who gets nothing more goes along all the same.
          const end = await bus.publish(
            createEnvelope({ channel: 'mad.quiet', senderId: 's', payload: { n: sent } }),
          );
          for (const { client } of joined) {
            await expect.poll(() => fanOut.servedUpTo(client), { interval: 2 }).toBe(end);
          }
          await fanOut.stop();
          await bus.stop();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('goes on after the reading of the log failed', async () => {
    const bus = createMemoryBus();
    await bus.start();
    onTestFinished(() => bus.stop());
    let failures = 1;
    const failing: Pick<Bus, 'read' | 'readOnce'> = {
      readOnce: bus.readOnce,
      read(options) {
        if (failures-- > 0) throw new Error('broken');
        return bus.read(options);
      },
    };
    const { fanOut, seen } = start(failing);
    const client = clientOf('c', ['mad.topic.a']);
    fanOut.join(client, null);
    await expect.poll(() => fanOut.position).not.toBeNull();
    await bus.publish(createEnvelope({ channel: 'mad.topic.a', senderId: 's', payload: { n: 1 } }));
    await expect.poll(() => seen(client), { timeout: 5000 }).toEqual([1]);
  });
});
