// Says a word on the bus whose address is its argument, and hears it.
import { createBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { createEnvelope, silentLogger } from '@mad-group/protocol';

const bus = createBus({ url: process.argv[2], limits: DEFAULT_LOG_LIMITS }, { log: silentLogger });
await bus.start();
const channel = 'mad.topic.hello';
await bus.publish(createEnvelope({ channel, senderId: 'stranger', payload: { word: 'hello' } }));
const signal = AbortSignal.timeout(10_000);
reading: for await (const { items } of bus.read({ from: 'start', patterns: () => [channel], signal })) {
  for (const item of items) {
    if (item.kind !== 'message') continue;
    console.log(`heard ${item.envelope.payload.word}`);
    break reading;
  }
}
await bus.stop();
