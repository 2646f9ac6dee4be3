import { createMemoryBus } from '@mad-group/bus';
import { type Envelope, MadError, silentLogger } from '@mad-group/protocol';
import { recordingLog } from '@mad-group/protocol/testing';
import { expect, test } from 'vitest';
import { type Actor, createAuditTrail } from './audit-trail.ts';

const ACTOR: Actor = {
  sessionId: 'e3b0c442-0000-4000-8000-000000000000',
  address: '10.0.0.7',
  user: 'mad',
  fingerprint: 'SHA256:abc',
  comment: 'ada@desk',
};

/** A bus that can be away, and what it took. */
function fakeBus() {
  const taken: Envelope[] = [];
  const retries: (boolean | undefined)[] = [];
  const bus = {
    away: false,
    taken,
    retries,
    async publish(envelope: Envelope, options?: { retry?: boolean }) {
      retries.push(options?.retry);
      if (bus.away) throw new MadError('bus_unavailable', 'The bus is away.');
      taken.push(envelope);
      return '1-1' as never;
    },
  };
  return bus;
}

test('an action is in the log, and on mad.topic.audit, with the key', async () => {
  const { log, lines } = recordingLog();
  const bus = createMemoryBus({ log: silentLogger });
  await bus.start();
  const audit = createAuditTrail({ madId: 'fiedler', bus, log });
  audit.record('ssh_command', ACTOR, { command: 'fiedler-tasks 5' });
  const facts = {
    event: 'ssh_command',
    session_id: ACTOR.sessionId,
    address: '10.0.0.7',
    user: 'mad',
    key_fingerprint: 'SHA256:abc',
    key_comment: 'ada@desk',
    command: 'fiedler-tasks 5',
  };
  expect(lines).toEqual([{ level: 'info', facts, message: 'SSH command' }]);
  await audit.stop(1000);
  const { items } = await bus.readOnce({ from: 'start', patterns: () => ['mad.topic.audit'] });
  expect(items).toMatchObject([
    { envelope: { sender_id: 'fiedler', correlation_id: ACTOR.sessionId, payload: facts } },
  ]);
  await bus.stop();
});

test('records wait for a bus that is away, in their order, and are looked for before they are sent again', async () => {
  const bus = fakeBus();
  bus.away = true;
  const audit = createAuditTrail({ madId: 'fiedler', bus, log: silentLogger });
  for (const command of ['one', 'two']) audit.record('ssh_command', ACTOR, { command });
  await expect.poll(() => bus.retries.length).toBeGreaterThan(1);
  bus.away = false;
  await expect.poll(() => bus.taken.map(({ payload }) => payload.command)).toEqual(['one', 'two']);
  expect(bus.retries.slice(0, 2)).toEqual([false, true]);
  expect(bus.retries.at(-1)).toBe(false);
});

test('one that the bus will never take is told of, and holds up no other', async () => {
  const bus = createMemoryBus({ log: silentLogger });
  await bus.start();
  const { log, lines } = recordingLog();
  const audit = createAuditTrail({ madId: 'fiedler', bus, log });
  audit.record('ssh_command', ACTOR, { command: 'x'.repeat(300_000) });
  audit.record('ssh_command', ACTOR, { command: 'two' });
  const commands = async () => {
    const { items } = await bus.readOnce({ from: 'start', patterns: () => ['mad.topic.audit'] });
    return items.map((item) => item.kind === 'message' && item.envelope.payload.command);
  };
  await expect.poll(commands).toEqual(['two']);
  expect(lines.filter(({ level }) => level === 'error')).toMatchObject([
    {
      facts: { err: { code: 'payload_too_large' }, session_id: ACTOR.sessionId },
      message: 'An audit record is in the log alone',
    },
  ]);
  await bus.stop();
});

test.each([0, 1, 2, 3, 4, 5])(
  'one that comes %i turns after another does not wait for a third',
  async (turns) => {
    const bus = fakeBus();
    const audit = createAuditTrail({ madId: 'fiedler', bus, log: silentLogger });
    audit.record('ssh_command', ACTOR, { n: 1 });
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    audit.record('ssh_command', ACTOR, { n: 2 });
    await audit.stop(1000);
    expect(bus.taken.map(({ payload }) => payload.n)).toEqual([1, 2]);
  },
);

test('a stop waits for the bus no longer than it may', async () => {
  const bus = fakeBus();
  bus.away = true;
  const audit = createAuditTrail({ madId: 'fiedler', bus, log: silentLogger });
  audit.record('ssh_command', ACTOR);
  const startedMs = performance.now();
  await audit.stop(50);
  expect(performance.now() - startedMs).toBeLessThan(900);
});

test('past a thousand that wait, the oldest are in the log alone, and that is told', async () => {
  const bus = fakeBus();
  bus.away = true;
  const { log, lines } = recordingLog();
  const audit = createAuditTrail({ madId: 'fiedler', bus, log });
  for (let n = 0; n < 1005; n += 1) audit.record('ssh_command', ACTOR, { n });
  bus.away = false;
  await expect.poll(() => bus.taken.length).toBe(1000);
  expect(bus.taken[0]?.payload.n).toBe(5);
  expect(bus.taken.at(-1)?.payload.n).toBe(1004);
  await expect.poll(() => lines.at(-1)).toMatchObject({ level: 'error', facts: { lost: 5 } });
});

test('refused logins, which anyone can make, do not fill the bus; all of them are in the log', async () => {
  const bus = fakeBus();
  const { log, lines } = recordingLog();
  const audit = createAuditTrail({ madId: 'fiedler', bus, log });
  for (let n = 0; n < 100; n += 1) audit.record('ssh_login_refused', ACTOR);
  audit.record('ssh_command', ACTOR);
  await audit.stop(1000);
  expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(100);
  // Thirty a minute, and the minute may turn meanwhile.
  expect(bus.taken.length).toBeLessThanOrEqual(61);
  expect(bus.taken.at(-1)?.payload.event).toBe('ssh_command');
});
