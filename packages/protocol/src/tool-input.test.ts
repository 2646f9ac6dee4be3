import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { MadError } from './errors.ts';
import { PollMessagesInput, SendMessageInput, SubscribeInput } from './shapes/grace.ts';
import { GetStatsInput } from './shapes/rogers.ts';
import { ConverseInput } from './shapes/tasks.ts';
import { defineTool } from './tool.ts';
import { parseToolInput } from './tool-input.ts';

function refusal(input: z.ZodObject, raw: unknown, missing?: string): string {
  const tool = defineTool({
    name: 'tool',
    title: 'Tool',
    description: 'A tool.',
    input,
    output: z.object({}),
    readOnly: true,
    scope: 'read',
    ...(missing === undefined ? {} : { missing }),
    handle: () => ({}),
  });
  try {
    return JSON.stringify(parseToolInput(tool, raw));
  } catch (error) {
    expect(error).toBeInstanceOf(MadError);
    expect((error as MadError).code).toBe('invalid_input');
    return (error as MadError).message;
  }
}

describe('the words of the first implementation', () => {
  const send = "Missing required fields: 'channel', 'payload'";
  test.each([undefined, {}, { channel: 'x' }, { channel: '', payload: {} }, { channel: 'x', payload: null }])(
    'a send of %j lacks something',
    (raw) => {
      expect(refusal(SendMessageInput, raw, send)).toBe(send);
    },
  );

  const converse = "'prompt' and 'requester_id' are required.";
  test.each([{}, { prompt: 'hello' }, { prompt: '', requester_id: 'me' }])(
    'a converse of %j lacks something',
    (raw) => {
      expect(refusal(ConverseInput, raw, converse)).toBe(converse);
    },
  );

  test.each([{ prompt: 5 }, { prompt: 5, requester_id: 'me' }, { prompt: 5, requester_id: '' }])(
    'a converse of %j is told what is wrong before what is missing',
    (raw) => {
      expect(refusal(ConverseInput, raw, converse)).toBe("'prompt' must be a string.");
    },
  );

  const subscribe = "'client_id' (string) and 'topics' (list) are required.";
  test.each([{}, { client_id: 'me' }, { client_id: 'me', topics: 'mad.#' }, { client_id: 5, topics: [] }])(
    'a subscription of %j is refused with the types it needs',
    (raw) => {
      expect(refusal(SubscribeInput, raw, subscribe)).toBe(subscribe);
    },
  );

  test.each(['abc', '1.5', 2.5, [], {}, true])('%j hours are no integer', (hours) => {
    expect(refusal(GetStatsInput, { hours })).toBe("'hours' must be an integer.");
  });

  test('digits in a string are an integer, as they were', () => {
    expect(refusal(GetStatsInput, { hours: '24' })).toBe('{"hours":24}');
  });
});

test.each([0, -5, 8761, 1e9, '0'])('%j hours are out of range', (hours) => {
  expect(refusal(GetStatsInput, { hours })).toBe("'hours' must be between 1 and 8760.");
});

test.each([
  [SubscribeInput, { client_id: 'me', topics: ['mad.#', 5] }, "'topics' must be a list of strings."],
  [SendMessageInput, { channel: 5, payload: {} }, "'channel' must be a string."],
  [SendMessageInput, { channel: 'x', payload: [1] }, "'payload' must be an object."],
  [PollMessagesInput, { client_id: 'x'.repeat(257) }, "'client_id' must be at most 256 characters."],
  [
    PollMessagesInput,
    { client_id: 'x', after: 'here' },
    "'after' must be a position, as a message carries it.",
  ],
])('a wrong type is named: %#', (input, raw, words) => {
  expect(refusal(input, raw)).toBe(words);
});

test.each(['text', 5, [], true])('%j is no tool input', (raw) => {
  expect(refusal(GetStatsInput, raw)).toBe("'tool_input' must be an object.");
});

test('an empty payload is a payload', () => {
  expect(refusal(SendMessageInput, { channel: 'mad.topic.x', payload: {} })).toContain('"payload":{}');
});

test.each([
  [SendMessageInput, { channel: 'mad.topic.x', payload: {}, recipient_id: '', conversation_id: '' }],
  [ConverseInput, { prompt: 'x', requester_id: 'x', conversation_id: '', idempotency_key: '' }],
])('an empty text that may be absent is absent: %#', (input, raw) => {
  const filled = Object.entries(raw).filter(([, value]) => value !== '');
  expect(JSON.parse(refusal(input, raw, 'something else is missing'))).toEqual(Object.fromEntries(filled));
});

test.each([
  [GetStatsInput, { hours: '' }, "'hours' must be an integer."],
  [PollMessagesInput, { client_id: 'x', wait_ms: '' }, "'wait_ms' must be an integer."],
  [PollMessagesInput, { client_id: 'x', after: '' }, "'after' must be a position, as a message carries it."],
])('any other empty field is named by its own words: %#', (input, raw, words) => {
  expect(refusal(input, raw, 'something else is missing')).toBe(words);
});

test('unknown fields are ignored and null is absence', () => {
  expect(refusal(GetStatsInput, { hours: null, colour: 'red' })).toBe('{}');
});

test('keys that would reach a prototype stay data or go', () => {
  const raw = JSON.parse(
    '{"channel":"mad.topic.x","payload":{"__proto__":{"polluted":1}},"__proto__":{"polluted":1}}',
  );
  expect(refusal(SendMessageInput, raw)).not.toContain('"__proto__":{"polluted":1},');
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});
