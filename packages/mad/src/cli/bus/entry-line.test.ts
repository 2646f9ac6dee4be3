import { createEnvelope, type EnvelopeDraft, type Position } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import { fakeIo } from '../fake-io.test-support.ts';
import { gapWords, messageLine } from './entry-line.ts';

const POSITION = `epoch-1:${Date.parse('2026-01-31T09:05:03.004Z')}-41` as Position;
const TASK = '6f4710b0-1111-4222-8333-444455556666';
const STREAM = `mad.stream.${TASK}`;
const WHEN = '09:05:03.004';

const lineOf = (draft: Partial<EnvelopeDraft>, columns = 200, env = {}): string =>
  messageLine(
    {
      ...createEnvelope({ channel: 'mad.topic.news', senderId: 'grace', payload: {}, ...draft }),
      position: POSITION,
    },
    fakeIo({ columns, env }),
  );
const event = (payload: Record<string, unknown>) => ({
  channel: STREAM,
  senderId: 'fiedler',
  payload: { seq: 1, attempt: 1, timestamp: '', token: '', ...payload },
});

describe('a message as a line', () => {
  test.each([
    [{ payload: { text: 'hello' } }, 'grace → mad.topic.news message     {"text":"hello"}'],
    [
      event({ type: 'token', token: 'Hello\n  world' }),
      'fiedler → mad.stream.6f4710b0… token       Hello world',
    ],
    [event({ type: 'state', status: 'RUNNING' }), 'fiedler → mad.stream.6f4710b0… state       RUNNING'],
    [
      event({ type: 'state', status: 'FAILED', error: { message: 'No key.', code: 'provider_auth' } }),
      'fiedler → mad.stream.6f4710b0… state       FAILED: No key.',
    ],
    [
      event({ type: 'tool_call', name: 'list_recent_tasks', arguments: { limit: 3 } }),
      'fiedler → mad.stream.6f4710b0… tool_call   list_recent_tasks {"limit":3}',
    ],
    [
      event({ type: 'tool_result', name: 'list_recent_tasks', content: '{"tasks":[]}' }),
      'fiedler → mad.stream.6f4710b0… tool_result list_recent_tasks {"tasks":[]}',
    ],
    [
      event({ type: 'plan', note: 'A plan.', plan: null }),
      'fiedler → mad.stream.6f4710b0… plan        A plan.',
    ],
    [
      event({ type: 'attempt', attempt: 2, reason: 'This instance stopped.' }),
      'fiedler → mad.stream.6f4710b0… attempt     2: This instance stopped.',
    ],
    [
      event({ type: 'token', truncated: true }),
      'fiedler → mad.stream.6f4710b0… token       (too large for the bus)',
    ],
    [
      { channel: 'mad.direct.fiedler', payload: { tool_name: 'mad_get_status', tool_input: { a: 1 } } },
      'grace → mad.direct.fiedler call        mad_get_status {"a":1}',
    ],
    [
      {
        channel: 'mad.direct.grace',
        senderId: 'fiedler',
        payload: { status: 'error', message: 'No.' },
        headers: { in_reply_to: 'm' },
      },
      'fiedler → mad.direct.grace reply       No.',
    ],
    [
      {
        channel: 'mad.direct.me',
        senderId: 'fiedler',
        payload: { notification_type: 'task_update', status: 'COMPLETED', message: 'Done.' },
      },
      'fiedler → mad.direct.me notice      COMPLETED Done.',
    ],
    [
      {
        channel: 'mad.system.heartbeat',
        senderId: 'rogers',
        payload: { type: 'heartbeat', health: 'HEALTHY' },
      },
      'rogers → mad.system.heartbeat heartbeat   HEALTHY',
    ],
  ])('%o', (draft, expected) => {
    expect(lineOf(draft)).toBe(`${WHEN} ${expected}\n`);
  });

  test('is as long as the terminal is wide, and cuts no character in two', () => {
    const line = lineOf({ payload: { text: '🚀'.repeat(200) } }, 80).trimEnd();
    expect(line.length).toBeLessThanOrEqual(80);
    expect(line.endsWith('🚀…')).toBe(true);
  });

  test('holds no control characters, wherever they came in', () => {
    const evil = '\u001b]0;renamed\u0007\u009b31m\r\n';
    const line = lineOf({
      channel: `mad.topic.${evil}`,
      senderId: evil,
      payload: { seq: 1, type: evil, token: evil },
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(line.endsWith('\n')).toBe(true);
  });
});

test.each([
  [
    { reason: 'trimmed', from: POSITION, to: POSITION } as const,
    `[gap: the log keeps no longer what came between 2026-01-31T09:05:03.004Z (${POSITION}) and 2026-01-31T09:05:03.004Z (${POSITION})]`,
  ],
  [
    { reason: 'trimmed', from: null, to: POSITION } as const,
    `[gap: the log keeps no longer what came between the time asked for and 2026-01-31T09:05:03.004Z (${POSITION})]`,
  ],
  [
    { reason: 'epoch', from: POSITION, to: 'e:0-0' as Position } as const,
    `[gap: the log began anew; what came between 2026-01-31T09:05:03.004Z (${POSITION}) and its beginning (e:0-0) may be lost]`,
  ],
])('a gap in words: %o', (gap, words) => expect(gapWords(gap)).toBe(words));
