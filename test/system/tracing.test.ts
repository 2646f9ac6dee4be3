// Traces as a collector gets them, from MADs that are processes of their own.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { parseLog } from '../kit/group.ts';
import type { ReceivedSpan } from '../kit/otlp-receiver.ts';
import { ROOT } from '../kit/process.ts';
import { drawTree } from '../kit/span-tree.ts';
import { MODEL, startTracedGroup, type TracedGroup } from '../kit/traced-group.ts';

const PLAN = { plan: [{ step_number: 1, title: 'Knead', description: 'Knead the dough.' }] };
const QUESTION = 'What runs now, and how is bread baked?';
const SECOND_TRACE = '0af7651916cd43dd8448eb211c80319c';
const CLIENT = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };

let group: TracedGroup;
beforeAll(async () => {
  group = await startTracedGroup(['grace', 'fiedler', 'rogers', 'sequential-thinking']);
}, 240_000);
afterAll(() => group?.stop());

/** Sends one frame as a client does that knows of traces. */
function send(url: string, frame: object): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.on('open', () => socket.send(JSON.stringify(frame)));
    socket.on('message', (data) => {
      resolve(JSON.parse(String(data)));
      socket.close();
    });
    socket.on('error', reject);
  });
}

const ofTrace = (traceId: string): ReceivedSpan[] =>
  group.collector.spans().filter((span) => span.traceId === traceId);

describe('a question that goes through the whole group', () => {
  let spans: ReceivedSpan[];
  const only = (name: string, kind?: ReceivedSpan['kind']): ReceivedSpan => {
    const found = spans.filter((span) => span.name === name && (kind === undefined || span.kind === kind));
    expect(found, name).toHaveLength(1);
    return found[0] as ReceivedSpan;
  };

  beforeAll(async () => {
    const { model } = group;
    model.on(
      { userMessage: QUESTION, hasToolResult: false },
      {
        toolCalls: [
          { name: 'list_recent_tasks', arguments: '{"limit": 5}' },
          { name: 'sequential_thinking', arguments: '{"prompt": "Bake bread."}' },
        ],
      },
    );
    model.on({ userMessage: QUESTION, hasToolResult: true }, { content: 'Nothing runs. Knead the dough.' });
    model.onMessage('Bake bread.', { content: JSON.stringify(PLAN) });
    const tool_input = {
      channel: 'mad.direct.fiedler',
      payload: {
        tool_name: 'fiedler_converse',
        tool_input: { prompt: QUESTION, requester_id: 'ada', conversation_id: 'conv-1' },
      },
      correlation_id: 'corr-1',
    };
    const traceparent = `00-${CLIENT.traceId}-${CLIENT.spanId}-01`;
    const frame = {
      tool_name: 'grace_send_message',
      tool_input,
      _meta: { traceparent, tracestate: 'rojo=1' },
    };
    expect(await send(group.mad('grace').place.url, frame)).toMatchObject({ status: 'success' });
    // The spans of one process may come before those of another: whole is what has no parent missing.
    await vi.waitFor(
      () => {
        spans = ofTrace(CLIENT.traceId);
        const ids = new Set([CLIENT.spanId, ...spans.map(({ spanId }) => spanId)]);
        expect(spans.filter(({ kind }) => kind === 'PRODUCER')).toHaveLength(3);
        expect(spans.filter(({ parentId }) => !ids.has(parentId))).toEqual([]);
      },
      { timeout: 30_000 },
    );
  }, 60_000);

  test('is one trace, which begins with its client and looks as docs/tracing.md shows it', () => {
    const drawn = drawTree(spans, CLIENT.spanId).join('\n');
    const page = readFileSync(join(ROOT, 'docs/tracing.md'), 'utf8');
    expect(/```text\n([^`]*)\n```/.exec(page)?.[1]).toBe(drawn);
    expect(spans).toHaveLength(drawn.split('\n').length);
    expect(new Set(spans.map(({ traceState }) => traceState))).toEqual(new Set(['rojo=1']));
  });

  test('has a span of the task with what leads to it', () => {
    const { attributes, status, resource } = only('invoke_agent fiedler');
    expect(status).toBe('UNSET');
    expect(attributes).toMatchObject({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'fiedler',
      'gen_ai.conversation.id': 'conv-1',
      'mad.task.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'mad.task.attempt': 1,
      'mad.correlation_id': 'corr-1',
    });
    expect(resource).toMatchObject({ 'service.name': 'fiedler', 'service.version': '0.1.0' });
  });

  test('has spans of the model with what they took, and the provider was given each of them', () => {
    const chats = spans.filter(({ name }) => name === `chat ${MODEL}`);
    expect(chats).toHaveLength(3);
    for (const { attributes } of chats) {
      expect(attributes).toMatchObject({
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': MODEL,
        'gen_ai.usage.input_tokens': expect.any(Number),
        'gen_ai.usage.output_tokens': expect.any(Number),
        'server.address': '127.0.0.1',
      });
    }
    const given = group.model.getRequests().map(({ headers }) => headers.traceparent);
    const ours = chats.map(({ spanId }) => `00-${CLIENT.traceId}-${spanId}-01`);
    expect(given.filter((header) => header?.includes(CLIENT.traceId)).toSorted()).toEqual(ours.toSorted());
  });

  test('has spans of the tools that the model called', () => {
    expect(only('execute_tool list_recent_tasks').attributes).toMatchObject({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'list_recent_tasks',
      'gen_ai.tool.call.id': expect.any(String),
    });
  });

  test('has spans of the messages', () => {
    expect(only('process mad.direct.{recipient_id}').attributes).toMatchObject({
      'messaging.system': 'mad-bus',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'mad.direct.fiedler',
      'messaging.destination.template': 'mad.direct.{recipient_id}',
    });
  });

  test('has nothing in it of what was asked and answered', () => {
    for (const words of ['bread', 'Knead', 'dough', 'Nothing runs']) {
      expect(JSON.stringify(spans)).not.toContain(words);
    }
  });

  test('is in the log of each MAD that had a part in it', () => {
    for (const name of ['fiedler', 'sequential-thinking'] as const) {
      const lines = parseLog(group.mad(name).running.stdout()).filter((line) => line.trace_id);
      expect(lines.length, name).toBeGreaterThan(0);
      for (const line of lines) {
        expect(line).toMatchObject({ trace_id: CLIENT.traceId, correlation_id: 'corr-1' });
        expect(spans.map(({ spanId }) => spanId)).toContain(line.span_id);
      }
    }
  });
});

test('a task that is killed with its process goes on in its trace, below the call that gave it', async () => {
  const { model } = group;
  const fiedler = group.mad('fiedler');
  // So slow that the first attempt cannot end; then fast.
  model.on({ userMessage: 'slowly', sequenceIndex: 0 }, { content: 'x'.repeat(3000) }, { latency: 500 });
  model.on({ userMessage: 'slowly', sequenceIndex: 1 }, { content: 'Done.' });
  const { task_id } = await send(fiedler.place.url, {
    tool_name: 'fiedler_converse',
    tool_input: { prompt: 'slowly', requester_id: 'ada' },
    _meta: { traceparent: `00-${SECOND_TRACE}-${CLIENT.spanId}-01` },
  });
  const status = () =>
    send(fiedler.place.url, { tool_name: 'fiedler_get_task_status', tool_input: { task_id } });
  await expect.poll(status).toMatchObject({ status: 'STREAMING' });
  // The call itself has ended; its span is with the collector before the process is gone.
  const converse = () => ofTrace(SECOND_TRACE).find(({ name }) => name === 'execute_tool fiedler_converse');
  await expect.poll(converse).toBeDefined();
  await fiedler.running.stop('SIGKILL');
  await fiedler.start();
  await expect.poll(status).toMatchObject({ status: 'COMPLETED', attempt: 2 });
  const attempts = () => ofTrace(SECOND_TRACE).filter(({ name }) => name === 'invoke_agent fiedler');
  await expect.poll(attempts).toHaveLength(1);
  expect(attempts()[0]).toMatchObject({
    parentId: converse()?.spanId,
    attributes: { 'mad.task.attempt': 2, 'mad.task.id': task_id },
  });
  const sent = () => ofTrace(SECOND_TRACE).filter(({ kind }) => kind === 'PRODUCER');
  await expect.poll(sent).toHaveLength(1);
});

test('a task that is asked for at the console has a trace that begins there', async () => {
  group.model.on({ userMessage: 'from the console' }, { content: 'Done.' });
  const url = new URL('/console/api/call', group.mad('rogers').place.mcpUrl);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      mad: 'fiedler',
      tool_name: 'fiedler_converse',
      tool_input: { prompt: 'from the console', requester_id: 'console' },
    }),
  });
  const { task_id } = (await response.json()) as { task_id: string };
  const attempt = () =>
    group.collector.spans().find(({ attributes }) => attributes['mad.task.id'] === task_id);
  await expect.poll(attempt).toBeDefined();
  const drawn = () => drawTree(ofTrace(attempt()?.traceId ?? ''), '').slice(0, 5);
  await expect
    .poll(drawn)
    .toEqual([
      'rogers: execute_tool fiedler_converse (server)',
      '  rogers: send mad.direct.{recipient_id} (producer)',
      '    fiedler: process mad.direct.{recipient_id} (consumer)',
      '      fiedler: execute_tool fiedler_converse (internal)',
      '        fiedler: invoke_agent fiedler (internal)',
    ]);
});
