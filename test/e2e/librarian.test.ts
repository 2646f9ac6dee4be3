// A MAD of one's own, as a stranger would write it: outside of the repository, from the packages, given
// an image, put beside the four by the operator and by Helm, and asked over the bus.
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { connectTools, type ToolClient } from '@mad-group/mad';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  connectFrom,
  createNamespace,
  forwardPort,
  must,
  REFUSED,
  type TestNamespace,
} from '../kit/cluster.ts';
import { npm, packPackages } from '../kit/packages.ts';
import { ROOT } from '../kit/process.ts';
import { restrictedPod } from '../kit/restricted-pod.ts';
import { installOperator, operatorLogs, removeOperator } from './operator-scene.ts';

const EXAMPLE = 'k8s/examples/librarian';
const IMAGE = 'librarian:1.2';
/** What the example installs; the rest comes with them. */
const DEPENDENCIES = ['protocol', 'bus', 'mad'];
const QUESTION = { question: 'Which one has a whale in it?' };
const ANSWER = { status: 'success', answer: 'Read Moby-Dick.', titles: ['Moby-Dick'] };

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mad-librarian-'));
  const project = join(folder, 'librarian');
  cpSync(join(ROOT, EXAMPLE), project, { recursive: true });
  const tarballs = await packPackages(folder);
  const local = DEPENDENCIES.map((name) => {
    const tarball = tarballs.get(name) as string;
    cpSync(tarball, join(project, basename(tarball)));
    return `./${basename(tarball)}`;
  });
  await npm(project, 'install', '--no-audit', '--no-fund', ...local);
  await must('docker', ['build', '--quiet', '--tag', IMAGE, project]);
  if (process.env.LOAD_IMAGES) await must('sh', ['-c', `${process.env.LOAD_IMAGES} "$@"`, 'sh', IMAGE]);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await must('docker', ['image', 'rm', '--force', IMAGE]);
});

/** Asks through Grace with a message on the bus, and reads the librarian's reply from the bus. */
async function askOverTheBus(grace: ToolClient): Promise<unknown> {
  const client_id = randomUUID();
  await grace.callOrThrow('grace_subscribe', { client_id, topics: ['mad.direct.grace'] });
  const conversation_id = randomUUID();
  const payload = { tool_name: 'librarian_ask', tool_input: QUESTION };
  const channel = 'mad.direct.librarian';
  await grace.callOrThrow('grace_send_message', { channel, payload, conversation_id });
  let answer: unknown;
  await expect
    .poll(
      async () => {
        const { messages } = await grace.callOrThrow('grace_poll_messages', { client_id, wait_ms: 5_000 });
        const envelopes = messages as Record<string, unknown>[];
        answer = envelopes.find(
          (each) => each.sender_id === 'librarian' && each.conversation_id === conversation_id,
        )?.payload;
        return answer;
      },
      { timeout: 30_000 },
    )
    .toBeDefined();
  return answer;
}

/** What a caller with every scope does with a Service, until it is done. */
async function withTools<T>(
  ns: TestNamespace,
  service: string,
  secret: string,
  port: number,
  use: (url: string, token: string) => Promise<T>,
): Promise<T> {
  const encoded = await ns.kubectl('get', `secret/${secret}`, '-o', 'jsonpath={.data.admin}');
  const forward = await forwardPort(ns, service, port);
  try {
    return await use(`127.0.0.1:${forward.port}`, Buffer.from(encoded, 'base64').toString());
  } finally {
    await forward.stop();
  }
}

const askThroughGrace = (ns: TestNamespace, secret: string): Promise<unknown> =>
  withTools(ns, 'grace', secret, 8000, async (address, token) => {
    const grace = await connectTools(`ws://${address}`, { token });
    return askOverTheBus(grace).finally(() => grace.close());
  });

/** A pod of the librarian's image that is no member of the group. */
const waitingPod = (name: string, labels: Record<string, string>, command: string[]) =>
  restrictedPod({ name, labels, image: IMAGE, command });

describe('in a MadGroup', () => {
  let system: TestNamespace;
  let ns: TestNamespace;
  beforeAll(async () => {
    system = await installOperator();
    ns = await createNamespace('mad-librarian');
    await ns.kubectl('apply', '-f', `${EXAMPLE}/madgroup.yaml`);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    console.error(
      await ns.describe(),
      await ns.kubectl('get', 'mg/demo', '-o', 'yaml'),
      await operatorLogs(system),
    );
  });
  afterAll(async () => {
    await ns?.tryKubectl('delete', 'madgroup', '--all', '--timeout=60s');
    await ns?.delete();
    await removeOperator(system);
  });

  const told = (field: string): Promise<string> =>
    ns.kubectl('get', 'mg/demo', '-o', `jsonpath={.status.${field}}`);

  const podOf = async (mad: string): Promise<string> =>
    (await ns.kubectl('get', 'pods', '-l', `app.kubernetes.io/name=${mad}`, '-o', 'name')).trim();

  test('it is verified with the others, and told of', async () => {
    const verified = (): Promise<string> => told('conditions[?(@.type=="Verified")].status');
    await expect.poll(verified, { timeout: 180_000 }).toBe('True');
    expect(await told('ready')).toBe('5/5');
    expect(JSON.parse(await told('mads[?(@.name=="librarian")]'))).toEqual({
      name: 'librarian',
      replicas: 1,
      readyReplicas: 1,
      version: '1.2.0',
      endpoint: `http://librarian.${ns.name}:8010/mcp`,
    });
  });

  test('it answers a question that is asked over the bus', async () => {
    expect(await askThroughGrace(ns, 'demo-callers')).toEqual(ANSWER);
  });

  test('it answers the same over MCP, to callers with a token alone', async () => {
    const ask = (token: string | null): Promise<unknown> =>
      withTools(ns, 'librarian', 'demo-callers', 8010, async (address, admin) => {
        const client = new Client({ name: 'reader', version: '1' });
        const headers = { authorization: `Bearer ${token ?? admin}` };
        const url = new URL(`http://${address}/mcp`);
        await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
        const reply = await client.callTool({ name: 'librarian_ask', arguments: QUESTION });
        await client.close();
        return reply.structuredContent;
      });
    expect(await ask(null)).toEqual(ANSWER);
    await expect(ask('nobody')).rejects.toThrow();
  });

  test('it has the commands, and its status is that of any MAD', async () => {
    const { code, stdout } = await ns.exec(await podOf('librarian'), 'mad-status');
    expect([code, stdout]).toEqual([0, expect.stringContaining('- Conversation Bus Connected: True')]);
  });

  test('Rogers hears it', async () => {
    const connections = async (): Promise<unknown> =>
      JSON.parse((await ns.exec('rogers-0', 'mad-cli', 'rogers_get_connections')).stdout).connections;
    await expect
      .poll(connections, { timeout: 40_000 })
      .toContainEqual(expect.objectContaining({ mad_id: 'librarian', status: 'HEALTHY' }));
  });

  test('it reaches the bus and its like, and clients reach it; nobody else does', async () => {
    const wait = ['node', '-e', 'setInterval(() => {}, 1e6); process.on("SIGTERM", () => process.exit())'];
    await ns.apply(
      waitingPod('client', { 'mads.dev/client': 'true' }, wait),
      waitingPod('foreigner', {}, wait),
    );
    await ns.kubectl('wait', 'pod/client', 'pod/foreigner', '--for=condition=Ready', '--timeout=60s');
    const reach = (from: string, host: string, port: number): Promise<string> =>
      connectFrom(ns, from, host, port);
    await expect.poll(() => reach('client', 'librarian', 8010)).toBe('open');
    expect(await reach('client', 'librarian', 9464)).toMatch(REFUSED);
    expect(await reach('foreigner', 'librarian', 8010)).toMatch(REFUSED);
    const pod = await podOf('librarian');
    expect(await reach(pod, 'redis', 6379)).toBe('open');
    expect(await reach(pod, 'librarian', 8010)).toBe('open');
    expect(await reach(pod, 'fiedler', 8001)).toMatch(REFUSED);
  });

  test('it goes when it is no longer declared, and the others stay', async () => {
    const mads = ['grace', 'fiedler', 'rogers', 'sequential-thinking'].map((name) => ({ name }));
    await ns.kubectl('patch', 'mg/demo', '--type=merge', '-p', JSON.stringify({ spec: { mads } }));
    await expect.poll(() => told('ready'), { timeout: 60_000 }).toBe('4/4');
    const left = ns.kubectl('get', 'deploy,svc,netpol,sa,pdb', '-o', 'name');
    expect(await left).not.toContain('librarian');
  });
});

describe('in a release of Helm', () => {
  let ns: TestNamespace;
  beforeAll(async () => {
    ns = await createNamespace('mad-librarian-helm');
    const few = 'fiedler.enabled=false,rogers.enabled=false,sequential-thinking.enabled=false';
    const own =
      'extraMads[0].name=librarian,extraMads[0].image.repository=librarian,extraMads[0].image.tag=1.2';
    const flags = ['--set', `${few},${own}`, '--wait', '--timeout', '180s'];
    await ns.helm('install', 'mads', 'charts/mad-group', ...flags);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(await ns.describe());
  });
  afterAll(() => ns?.delete());

  test('helm test talks MCP to it, too', async () => {
    expect(await ns.helm('test', 'mads', '--timeout', '120s')).toContain('Phase:          Succeeded');
  });

  test('it answers a question that is asked over the bus', async () => {
    expect(await askThroughGrace(ns, 'mads-callers')).toEqual(ANSWER);
  });

  test('it may be a release of its own, beside a group that is there', async () => {
    await ns.helm('upgrade', 'mads', 'charts/mad-group', '--reuse-values', '--set-json', 'extraMads=[]');
    await expect.poll(() => ns.kubectl('get', 'deployments', '-o', 'name')).not.toContain('librarian');
    const own = 'name=librarian,image.repository=librarian,image.tag=1.2';
    const bus = 'redis.url=redis://redis:6379,redis.passwordSecret=redis-auth';
    const flags = ['--set', `${own},${bus}`, '--wait', '--timeout', '120s'];
    await ns.helm('install', 'librarian', 'charts/extra-mad', ...flags);
    expect(await askThroughGrace(ns, 'mads-callers')).toEqual(ANSWER);
  });
});
