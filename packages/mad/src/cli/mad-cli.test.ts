import {
  AskInput,
  AskOutput,
  ConverseInput,
  ConverseOutput,
  defineTool,
  GetConnectionsInput,
  GetConnectionsOutput,
  GetStatsInput,
  GetStatsOutput,
  MadError,
  silentLogger,
  type ToolDefinition,
} from '@mad-group/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { createCallers } from '../callers/create-callers.ts';
import { createMad } from '../create-mad.ts';
import type { Mad } from '../mad-types.ts';
import { createMetrics } from '../metrics.ts';
import { type FakeIo, fakeIo } from './fake-io.test-support.ts';
import { runMadCli } from './mad-cli.ts';
import { runToEnd } from './process-io.ts';

const toStop: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

const converse = defineTool({
  name: 'fiedler_converse',
  title: 'Converse',
  description: 'Takes a prompt as a task. It answers at once.',
  input: ConverseInput,
  output: ConverseOutput,
  readOnly: false,
  scope: 'converse',
  handle: ({ prompt, requester_id }) => {
    if (prompt === 'refuse me') throw new MadError('queue_full', 'Too many tasks wait.');
    return {
      status: 'pending' as const,
      task_id: `task of ${prompt}`,
      stream_topic: 'mad.stream.t',
      requester_id,
      correlation_id: 'c',
      conversation_id: 'v',
    };
  },
});
const ask = defineTool({
  name: 'fiedler_ask',
  title: 'Ask',
  description: 'Waits for the answer.',
  input: AskInput,
  output: AskOutput,
  readOnly: false,
  scope: 'converse',
  handle: () => new Promise<never>(() => undefined),
});
const connections = defineTool({
  name: 'rogers_get_connections',
  title: 'Connections',
  description: 'Who is there.',
  input: GetConnectionsInput,
  output: GetConnectionsOutput,
  readOnly: true,
  scope: 'read',
  handle: () => ({
    status: 'success' as const,
    connections: [
      {
        mad_id: 'gr\u001b[2Jace',
        status: 'HEALTHY' as const,
        connected_at: '2026-01-31T09:05:03.123Z',
        last_heartbeat: '2026-01-31T09:05:03.123Z',
      },
    ],
  }),
});
const stats = defineTool({
  name: 'rogers_get_stats',
  title: 'Stats',
  description: 'Counts.',
  input: GetStatsInput,
  output: GetStatsOutput,
  readOnly: true,
  scope: 'read',
  handle: ({ hours }) => ({
    status: 'success' as const,
    stats: [
      {
        hour_timestamp: '2026-01-31T09:00:00Z',
        sender_id: 'grace',
        topic_pattern: 'mad.topic',
        total_messages: 1_000,
      },
      {
        hour_timestamp: '2026-01-31T10:00:00Z',
        sender_id: 'grace',
        topic_pattern: 'mad.topic',
        total_messages: Number(hours ?? 1),
      },
    ],
  }),
});

async function startMad(id: string, tools: ToolDefinition[], tokens?: string): Promise<Mad> {
  const mad = createMad({
    id,
    title: id,
    version: '0.0.0',
    host: '127.0.0.1',
    port: 0,
    portKey: 'PORT',
    tools,
    bus: null,
    callers: createCallers({ host: '127.0.0.1', auth: 'on', log: silentLogger, tokens }),
    allowedHosts: [],
    allowedOrigins: [],
    log: silentLogger,
    metrics: createMetrics({ processMetrics: false }),
  });
  await mad.start();
  toStop.push(() => mad.stop());
  return mad;
}

/** Fiedler and Rogers run; Grace and Sequential Thinking do not. */
async function startGroup(): Promise<Record<string, string>> {
  const fiedler = await startMad('fiedler', [converse, ask]);
  const rogers = await startMad('rogers', [connections, stats]);
  return {
    FIEDLER_PORT: String(fiedler.port),
    ROGERS_PORT: String(rogers.port),
    GRACE_URL: 'ws://127.0.0.1:1',
    SEQUENTIAL_THINKING_URL: 'ws://127.0.0.1:1',
  };
}

const run = (args: string[], io: FakeIo): Promise<number> => runToEnd('mad-cli', runMadCli, args, io);

describe('calls', () => {
  test('a reply is one JSON document, indented by two, in a pipe', async () => {
    const io = fakeIo({ env: await startGroup() });
    expect(await run(['fiedler_converse', '{"prompt": "hi", "requester_id": "ops-team"}'], io)).toBe(0);
    expect(io.out()).toBe(
      `${JSON.stringify({ status: 'pending', task_id: 'task of hi', stream_topic: 'mad.stream.t', requester_id: 'ops-team', correlation_id: 'c', conversation_id: 'v' }, null, 2)}\n`,
    );
    expect(io.err()).toBe('');
  });

  test('the requester of a conversation is cli where none is given', async () => {
    const io = fakeIo({ env: await startGroup() });
    await run(['fiedler_converse', '{"prompt": "hi"}'], io);
    expect(JSON.parse(io.out()).requester_id).toBe('cli');
  });

  test('the input may come from stdin, or as pairs that the schema types', async () => {
    const env = await startGroup();
    const piped = fakeIo({ env, stdin: '{"prompt": "from stdin"}' });
    expect(await run(['fiedler_converse', '-'], piped)).toBe(0);
    expect(JSON.parse(piped.out()).task_id).toBe('task of from stdin');
    const pairs = fakeIo({ env });
    expect(await run(['fiedler_converse', 'prompt=42'], pairs)).toBe(0);
    expect(JSON.parse(pairs.out()).task_id).toBe('task of 42');
  });

  test('a tool that says no ends with 1, its reply as JSON', async () => {
    const io = fakeIo({ env: await startGroup() });
    expect(await run(['fiedler_converse', 'prompt=refuse me'], io)).toBe(1);
    expect(JSON.parse(io.out())).toEqual({
      status: 'error',
      message: 'Too many tasks wait.',
      code: 'queue_full',
    });
  });

  test('on a terminal a refusal is words', async () => {
    const io = fakeIo({ env: { ...(await startGroup()), NO_COLOR: '1' }, isTTY: true, stderrIsTTY: true });
    expect(await run(['fiedler_converse', 'prompt=refuse me'], io)).toBe(1);
    expect([io.out(), io.err()]).toEqual([
      '',
      'fiedler_converse says no: Too many tasks wait. (queue_full)\n',
    ]);
  });

  test('bad JSON ends with 2 before anything is connected', async () => {
    const io = fakeIo({ env: { FIEDLER_URL: 'ws://127.0.0.1:1' } });
    expect(await run(['fiedler_converse', '{"prompt": hi}'], io)).toBe(2);
    expect(io.err()).toContain('mad-cli: This is not JSON. Line 1, column 12: a value is expected.\n');
  });

  test('an unknown tool ends with 2 and names the nearest', async () => {
    const env = await startGroup();
    const near = fakeIo({ env });
    expect(await run(['fiedler_convers', '{}'], near)).toBe(2);
    expect(near.err()).toBe('mad-cli: Unknown tool: fiedler_convers. Did you mean fiedler_converse?\n');
    const noPrefix = fakeIo({ env });
    expect(await run(['get_stats', '--help'], noPrefix)).toBe(2);
    expect(noPrefix.err()).toBe('mad-cli: Unknown tool: get_stats. Did you mean rogers_get_stats?\n');
  });

  test('a MAD that is away ends with 3 and names the key that moves it', async () => {
    const io = fakeIo({ env: { FIEDLER_PORT: '1' } });
    expect(await run(['fiedler_converse', '{}'], io)).toBe(3);
    expect(io.err()).toBe(
      'mad-cli: ws://127.0.0.1:1 cannot be reached: connection refused (is it running?). If Fiedler is elsewhere, set FIEDLER_URL or --url.\n',
    );
  });

  test('a reply that does not come in time ends with 3, Ctrl-C with 130', async () => {
    const env = await startGroup();
    const late = fakeIo({ env });
    expect(await run(['fiedler_ask', 'prompt=x', '--timeout', '50'], late)).toBe(3);
    expect(late.err()).toBe('mad-cli: fiedler_ask did not answer within 0.05 s.\n');
    const interrupted = fakeIo({ env });
    const call = run(['fiedler_ask', '{"prompt": "x"}'], interrupted);
    interrupted.interrupt();
    expect(await call).toBe(130);
  });

  test('a token decides who calls: none and a wrong one end with 1', async () => {
    const mad = await startMad('rogers', [connections], 'ann the-secret-of-ann read');
    const env = { ROGERS_PORT: String(mad.port) };
    expect(await run(['rogers_get_connections', '--token', 'the-secret-of-ann'], fakeIo({ env }))).toBe(0);
    expect(
      await run(['rogers_get_connections'], fakeIo({ env: { ...env, MAD_TOKEN: 'the-secret-of-ann' } })),
    ).toBe(0);
    const io = fakeIo({ env });
    expect(await run(['rogers_get_connections'], io)).toBe(1);
    expect(io.err()).toMatch(/^mad-cli: .*\nGive your token in MAD_TOKEN/);
  });

  test('a tool of every MAD goes to the one that is named', async () => {
    const env = await startGroup();
    const io = fakeIo({ env });
    expect(await run(['mad_get_status', '--mad', 'rogers'], io)).toBe(0);
    expect(JSON.parse(io.out()).mad_id).toBe('rogers');
    expect(await run(['mad_get_status'], fakeIo({ env }))).toBe(2);
  });
});

describe('on a terminal', () => {
  test('connections and counts are tables, without the escape sequences of others', async () => {
    const env = { ...(await startGroup()), NO_COLOR: '1' };
    const seen = fakeIo({ env, isTTY: true });
    await run(['rogers_get_connections'], seen);
    expect(seen.out()).toMatch(/│ gr\[2Jace │ HEALTHY │ 2026-01-31 09:05:03 │/);
    const counted = fakeIo({ env, isTTY: true });
    await run(['rogers_get_stats', 'hours=2'], counted);
    expect(counted.out()).toMatch(/│ 2026-01-31 09:00:00 │ grace {2}│ mad.topic │ {4}1,000 │/);
    expect(counted.out()).toMatch(/│ Total .* 1,002 │/);
  });

  test('other replies are coloured JSON, and --json gives it plain', async () => {
    const env = await startGroup();
    const io = fakeIo({ env, isTTY: true });
    await run(['fiedler_converse', 'prompt=x'], io);
    expect(io.out()).toContain('\u001b[36m"status"\u001b[39m: \u001b[32m"pending"\u001b[39m');
    const plain = fakeIo({ env, isTTY: true });
    await run(['rogers_get_connections', '--json'], plain);
    expect(JSON.parse(plain.out()).status).toBe('success');
  });
});

describe('the list of tools', () => {
  test('a line for each tool of every MAD that answers, those of all once', async () => {
    const io = fakeIo({ env: await startGroup() });
    expect(await run([], io)).toBe(0);
    expect(io.out()).toMatch(/^ {2}fiedler_converse +converse {2}Takes a prompt as a task\.$/m);
    expect(io.out()).toMatch(/^ {2}rogers_get_stats +read {6}Counts\.$/m);
    expect(io.out().match(/mad_get_status/g)).toHaveLength(1);
    expect(io.err().match(/^(Grace|Sequential Thinking): ws:.*connection refused.*$/gm)).toHaveLength(2);
  });

  test('it ends with 3 where none answers', async () => {
    const env = { FIEDLER_URL: 'ws://127.0.0.1:1' };
    expect(await run(['--mad', 'fiedler'], fakeIo({ env }))).toBe(3);
  });

  test('--json gives their schemas too', async () => {
    const io = fakeIo({ env: await startGroup() });
    await run(['--json', '--mad', 'rogers'], io);
    const [rogers] = JSON.parse(io.out());
    expect(rogers.tools[0]).toMatchObject({ name: 'rogers_get_connections', scope: 'read', read_only: true });
  });
});

describe('help', () => {
  test('a tool’s help shows its fields and an example', async () => {
    const io = fakeIo({ env: await startGroup() });
    expect(await run(['fiedler_converse', '--help'], io)).toBe(0);
    expect(io.out()).toContain('Takes a prompt as a task. It answers at once.');
    expect(io.out()).toContain('Scope: converse');
    expect(io.out()).toMatch(/prompt +string +yes/);
    expect(io.out()).toMatch(/requester_id +string +yes +notified on mad\.direct/);
    expect(io.out()).toMatch(/conversation_id +string +no/);
    expect(io.out()).toContain(
      `mad-cli fiedler_converse '{"prompt":"Is everything up?","requester_id":"ops-team"}'`,
    );
  });

  test('--help and --version need no MAD', async () => {
    const help = fakeIo();
    expect(await run(['--help'], help)).toBe(0);
    expect(help.out()).toContain('mad-cli TOOL --help');
    const version = fakeIo();
    expect(await run(['--version'], version)).toBe(0);
    expect(version.out()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('an option that is none ends with 2', async () => {
    const io = fakeIo();
    expect(await run(['--bogus'], io)).toBe(2);
    expect(io.err()).toBe('mad-cli: There is no option --bogus. --help shows the options.\n');
  });

  test.each([
    [['--url'], '--url needs a value.'],
    [['--url', '--json'], '--url needs a value.'],
    [['--json=yes'], '--json takes no value.'],
    [['-x'], 'There is no option -x.'],
    [['-hx'], 'There is no option -x.'],
    [['--help=me'], '--help takes no value.'],
  ])('%j: the words are our own', async (args, words) => {
    const io = fakeIo();
    expect(await run(args, io)).toBe(2);
    expect(io.err()).toBe(`mad-cli: ${words} --help shows the options.\n`);
  });

  test('the word help is understood, alone and with a tool', async () => {
    const alone = fakeIo();
    expect(await run(['help'], alone)).toBe(0);
    expect(alone.out()).toContain('mad-cli TOOL --help');
    const ofTool = fakeIo({ env: await startGroup() });
    expect(await run(['help', 'rogers_get_stats'], ofTool)).toBe(0);
    expect(ofTool.out()).toContain('Counts.');
  });
});
