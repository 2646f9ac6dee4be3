import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MadError } from '../errors.ts';
import {
  currentSpan,
  currentTraceHeaders,
  inSpan,
  isTraced,
  nearestTrace,
  SpanKind,
  type SpanSpec,
  streamInSpan,
  toolContent,
  toolSpan,
  traceHeadersOf,
  traceIds,
  withoutTrace,
  withTracing,
} from './index.ts';
import { type RecordedSpans, recordSpans } from './testing/index.ts';

const named = (name: string): SpanSpec => ({ name, kind: SpanKind.INTERNAL, attributes: {} });
const PARENT = {
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: 'rojo=1',
};

let recorded: RecordedSpans;
beforeEach(() => {
  recorded = recordSpans();
});
afterEach(() => recorded.stop());

/** Work of a MAD that is traced, in the trace of these headers. */
const traced = <T>(headers: object, work: () => T): T => withTracing(recorded.tracing, headers, work);

describe('headers', () => {
  test('of a trace begun elsewhere go on in what is done here, and from there to whoever is called', async () => {
    const handedOn = await traced(PARENT, () => inSpan(named('a'), async () => currentTraceHeaders()));
    const span = recorded.span('a');
    expect(span).toMatchObject({ traceId: PARENT.traceparent.split('-')[1], parentId: '00f067aa0ba902b7' });
    expect(handedOn).toEqual({
      traceparent: `00-${span.traceId}-${span.spanId}-01`,
      tracestate: PARENT.tracestate,
    });
  });

  test.each([
    'nonsense',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7',
    '',
  ])('that are not right (%s) begin a trace', async (traceparent) => {
    await traced({ traceparent }, () => inSpan(named('a'), async () => undefined));
    expect(recorded.span('a').parentId).toBeUndefined();
  });

  test('of a request are read from whatever it holds, and nothing but two texts is taken', () => {
    fc.assert(
      fc.property(fc.anything(), (carrier) => {
        const headers = traceHeadersOf(carrier);
        expect(Object.keys(headers).filter((key) => !['traceparent', 'tracestate'].includes(key))).toEqual(
          [],
        );
        expect(Object.values(headers).every((value) => typeof value === 'string')).toBe(true);
      }),
    );
    const carrier = { ...PARENT, traceparent: ['a'], baggage: 'user=ada', other: 1 };
    expect(traceHeadersOf(carrier)).toEqual({ tracestate: 'rojo=1' });
    expect(traceHeadersOf({ traceparent: 'x'.repeat(5_000) })).toEqual({});
  });

  test('of the request win over those of what carried it, whole', () => {
    expect(nearestTrace({ traceparent: 'a' }, PARENT)).toEqual({ traceparent: 'a' });
    expect(nearestTrace({ tracestate: 'b' }, PARENT)).toEqual(PARENT);
  });
});

describe('a span', () => {
  test('is above what is done within it, also behind a wait', async () => {
    await traced({}, () =>
      inSpan(named('outer'), async () => {
        await nextTurn();
        await Promise.all([inSpan(named('one'), nextTurn), inSpan(named('two'), nextTurn)]);
      }),
    );
    const outer = recorded.span('outer');
    for (const name of ['one', 'two']) {
      expect(recorded.span(name)).toMatchObject({ parentId: outer.spanId, traceId: outer.traceId });
    }
  });

  test('of work that failed says its code, and none of its words', async () => {
    const failing = traced({}, () =>
      inSpan(named('a'), async () => {
        throw new MadError('not_found', 'The secret word of the prompt.');
      }),
    );
    await expect(failing).rejects.toThrow('secret word');
    expect(recorded.span('a')).toMatchObject({ failed: true, attributes: { 'error.type': 'not_found' } });
    expect(JSON.stringify(recorded.spans())).not.toContain('secret word');
  });

  test('is in the ids for the log, and no other work has them', async () => {
    const ids = await traced({}, () => inSpan(named('a'), async () => [traceIds(), withoutTrace(traceIds)]));
    const { traceId, spanId } = recorded.span('a');
    expect(ids).toEqual([{ trace_id: traceId, span_id: spanId }, {}]);
    expect(traceIds()).toEqual({});
  });

  test('holds what a tool took and gave only where that is wanted', async () => {
    const content = () => toolContent({ city: 'Paris' }, 'rainy');
    expect(traced({}, content)).toEqual({});
    recorded.stop();
    recorded = recordSpans({ capturesContent: true });
    expect(traced({}, content)).toEqual({
      'gen_ai.tool.call.arguments': '{"city":"Paris"}',
      'gen_ai.tool.call.result': 'rainy',
    });
  });

  test('of a tool that nobody declared has no name of its own', () => {
    expect(toolSpan(undefined).name).toBe('execute_tool');
    expect(toolSpan('get_task_status').name).toBe('execute_tool get_task_status');
  });
});

describe('a span of what comes piece by piece', () => {
  async function* pieces(): AsyncGenerator<string> {
    yield 'a';
    await inSpan(named('inner'), nextTurn);
    yield 'b';
  }

  test('is above what makes the pieces, and not above what their reader does', async () => {
    const read = traced({}, () => {
      const stream = streamInSpan(named('stream'), pieces);
      return (async () => {
        const all: string[] = [];
        for await (const piece of stream) {
          all.push(piece);
          await inSpan(named(`reader of ${piece}`), nextTurn);
        }
        return all;
      })();
    });
    expect(await read).toEqual(['a', 'b']);
    const { spanId } = recorded.span('stream');
    expect(recorded.span('inner').parentId).toBe(spanId);
    expect(recorded.span('reader of a').parentId).toBeUndefined();
    expect(recorded.span('stream').failed).toBe(false);
  });

  test('ends as cancelled where its reader leaves, who makes the pieces with it', async () => {
    let left = false;
    async function* endless(): AsyncGenerator<number> {
      try {
        for (let n = 0; ; n += 1) yield n;
      } finally {
        left = true;
      }
    }
    await traced({}, async () => {
      for await (const n of streamInSpan(named('stream'), endless)) if (n === 3) break;
    });
    expect(left).toBe(true);
    expect(recorded.span('stream')).toMatchObject({
      failed: true,
      attributes: { 'error.type': 'cancelled' },
    });
  });

  test('ends with what was thrown', async () => {
    // biome-ignore lint/correctness/useYield: it fails before its first piece
    async function* failing(): AsyncGenerator<string> {
      throw new MadError('provider_timeout', 'silent');
    }
    const read = traced({}, async () => {
      for await (const _ of streamInSpan(named('stream'), failing));
    });
    await expect(read).rejects.toThrow('silent');
    expect(recorded.span('stream').attributes).toMatchObject({ 'error.type': 'provider_timeout' });
  });
});

test('where nothing is traced, work is done all the same and nothing is recorded or handed on', async () => {
  const done = await withTracing(undefined, PARENT, () =>
    inSpan(named('a'), async (span) => [
      span.isRecording(),
      currentTraceHeaders(),
      currentSpan(),
      isTraced(),
    ]),
  );
  expect(done).toEqual([false, {}, undefined, false]);
  const read: string[] = [];
  for await (const piece of streamInSpan(named('b'), async function* () {
    yield 'piece';
  })) {
    read.push(piece);
  }
  expect(read).toEqual(['piece']);
  expect(recorded.spans()).toEqual([]);
});
