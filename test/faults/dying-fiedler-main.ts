import { writeSync } from 'node:fs';
import type { Bus } from '@mad-group/bus';
import { createFiedler } from '@mad-group/fiedler';
import { createProvider, type Provider } from '@mad-group/imperator';
import { createGroupPlanner, providerMetrics, runProcess } from '@mad-group/mad';
import { type Connection, openDatabase, type StateDatabase } from '@mad-group/tasks';

// Fiedler as its own main builds it, with a place at which it ends itself by SIGKILL:
//   DIE_AT     before commit | after commit | after publish | mid-token
//   DIE_AFTER  at which passage of that place
const place = process.env.DIE_AT ?? '';
let passagesLeft = Number(process.env.DIE_AFTER);

/** A process does not return from killing itself so. */
function pass(here: string): void {
  if (here !== place) return;
  passagesLeft -= 1;
  if (passagesLeft > 0) return;
  writeSync(1, `died ${here}\n`);
  process.kill(process.pid, 'SIGKILL');
}

/** The last that a transaction does before its commit. */
const andDie =
  <T>(work: () => T) =>
  (): T => {
    const value = work();
    pass('before commit');
    return value;
  };

function dyingTransaction({ transaction }: Connection): Connection['transaction'] {
  return (work) => {
    const value = transaction(andDie(work));
    pass('after commit');
    return value;
  };
}

const dyingConnection = <C extends Connection>(connection: C): C => ({
  ...connection,
  transaction: dyingTransaction(connection),
  async commit<T>(work: () => T) {
    const value = await connection.commit(andDie(work));
    pass('after commit');
    return value;
  },
});

const dyingDatabase = (database: StateDatabase): StateDatabase => ({
  ...dyingConnection(database),
  relaxed: dyingConnection(database.relaxed),
});

const dyingBus = (bus: Bus): Bus => ({
  ...bus,
  async publish(envelope, options) {
    const position = await bus.publish(envelope, options);
    if (!envelope.channel.startsWith('mad.system.')) pass('after publish');
    return position;
  },
});

const dyingProvider = (provider: Provider): Provider => ({
  ...provider,
  async *stream(request) {
    for await (const event of provider.stream(request)) {
      if (event.type === 'token') pass('mid-token');
      yield event;
    }
  },
});

await runProcess({
  name: 'fiedler',
  env: process.env,
  portKeys: ['FIEDLER_PORT'],
  busPolicy: 'required',
  async build(parts) {
    const metrics = providerMetrics(parts, 'fiedler');
    const provider = createProvider(parts.config, { log: parts.log, metrics });
    const fiedler = await createFiedler({
      ...parts,
      bus: dyingBus(parts.bus),
      provider: provider && dyingProvider(provider),
      planner: createGroupPlanner(parts, 'fiedler'),
      open: (options) => dyingDatabase(openDatabase(options)),
    });
    return { start: [[fiedler]] };
  },
});
