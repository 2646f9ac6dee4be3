// Who leads, at a real API server: clocks are the test's, so that nobody waits for a lease to end.
import { silentLogger } from '@mad-group/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withDeadlines } from '../../services/operator/src/cluster/api-clients.ts';
import { createLease, type Lease } from '../../services/operator/src/cluster/lease.ts';
import { type ApiServer, startApiServer } from '../kit/api-server.ts';
import { startTcpProxy } from '../kit/tcp-proxy.ts';
import { kubectlAt } from './kubectl.ts';
import { kubeconfigAt } from './scene.ts';

let server: ApiServer;
let number = 0;

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server?.stop());

interface Process {
  readonly lease: Lease;
  readonly onLost: ReturnType<typeof vi.fn>;
  /** Its clock goes on at once, as if it had been stopped for so long. */
  skip(ms: number): void;
}

function processOf(holder: string, name: string, kubeconfig = server.kubeconfig): Process {
  let skippedMs = 0;
  const onLost = vi.fn();
  const lease = createLease({
    kubeconfig: withDeadlines(kubeconfigAt(kubeconfig), 1_000),
    namespace: 'default',
    name,
    holder,
    log: silentLogger,
    onLost,
    nowMs: () => performance.now() + skippedMs,
  });
  return {
    lease,
    onLost,
    skip(ms) {
      skippedMs += ms;
    },
  };
}
const nextName = (): string => `lease-${++number}`;
/** Resolves with whether it leads within the time in which it tries once more. */
async function leadsSoon({ lease }: Process, withinMs = 3_000): Promise<boolean> {
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), withinMs);
  await lease.acquire(enough.signal);
  clearTimeout(timer);
  return lease.isHeld();
}

test('the second leads at once when the first gives the lead away', async () => {
  const name = nextName();
  const [first, second] = [processOf('first', name), processOf('second', name)];
  expect(await leadsSoon(first)).toBe(true);
  expect(await leadsSoon(second)).toBe(false);
  await first.lease.release();
  expect(first.lease.isHeld()).toBe(false);
  expect(await leadsSoon(second)).toBe(true);
  const transitions = await kubectlAt(server)(
    'get',
    'lease',
    name,
    '-o',
    'jsonpath={.spec.leaseTransitions}',
  );
  expect(transitions).toBe('1');
  await second.lease.release();
});

test('a leader that vanished is followed when its time is over, by the follower’s own clock', async () => {
  const name = nextName();
  const proxy = await startTcpProxy(Number(new URL(server.url).port));
  const first = processOf('first', name, server.kubeconfigAt(`https://127.0.0.1:${proxy.port}`));
  const second = processOf('second', name);
  expect(await leadsSoon(first)).toBe(true);
  // The follower's clock is an hour ahead: times in the Lease mean nothing to it.
  second.skip(3_600_000);
  expect(await leadsSoon(second)).toBe(false);
  proxy.hold();
  // One more look sees the last renewal; from then on nothing changes.
  expect(await leadsSoon(second)).toBe(false);
  second.skip(15_001);
  expect(await leadsSoon(second)).toBe(true);
  first.skip(10_000);
  expect(first.lease.isHeld()).toBe(false);
  await vi.waitFor(() => expect(first.onLost).toHaveBeenCalledOnce(), { timeout: 5_000 });
  await second.lease.release();
  await proxy.stop();
});

test('a leader that was stopped and woke up knows before its next write that it may not', async () => {
  const name = nextName();
  const first = processOf('first', name);
  expect(await leadsSoon(first)).toBe(true);
  first.skip(10_000);
  expect(first.lease.isHeld()).toBe(false);
  await vi.waitFor(() => expect(first.onLost).toHaveBeenCalledOnce(), { timeout: 5_000 });
});
