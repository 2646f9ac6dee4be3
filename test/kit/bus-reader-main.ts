// Reads the whole log of the bus at REDIS_URL and prints a line for each item, until SIGTERM.

import { createBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { silentLogger } from '@mad-group/protocol';

const bus = createBus({ url: process.env.REDIS_URL, limits: DEFAULT_LOG_LIMITS }, { log: silentLogger });
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
await bus.start();
for await (const { items } of bus.read({ from: 'start', patterns: () => ['mad.#'], signal: stop.signal })) {
  const lines = items.map((item) =>
    item.kind === 'gap'
      ? `gap ${item.reason} ${item.from} ${item.to}\n`
      : `message ${item.envelope.position} ${item.envelope.message_id}\n`,
  );
  process.stdout.write(lines.join(''));
}
await bus.stop();
