import { MadError, silentLogger } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { type CircuitName, createCircuit } from './circuit.ts';
import { createOpenAiProvider } from './openai-provider.ts';
import { answers, DONE, scriptedServer, sse, streams } from './scripted-server.test-support.ts';

const away = () => Promise.reject(new MadError('provider_unavailable', 'It answered with an error: 503.'));
const soon = (ms = 0) => ({ signal: new AbortController().signal, untilMs: performance.now() + ms });

function circuitOf(failures: number) {
  const states: CircuitName[] = [];
  const circuit = createCircuit({
    log: silentLogger,
    failures,
    firstWaitMs: 40,
    mostWaitMs: 40,
    onChange: (state) => states.push(state),
  });
  const fail = async (times: number) => {
    for (let n = 0; n < times; n += 1) await circuit.run(away, soon()).catch(() => undefined);
  };
  return { circuit, states, fail };
}

test('failures in a row open it, and requests that do not wait fail at once with the reason', async () => {
  const { circuit, fail } = circuitOf(3);
  await fail(2);
  expect(circuit.status()).toEqual({ state: 'closed', awaySinceMs: null, reason: null });
  await fail(1);
  expect(circuit.status()).toMatchObject({ state: 'open', reason: 'It answered with an error: 503.' });
  let asked = 0;
  const refused = circuit.run(async () => (asked += 1), soon());
  await expect(refused).rejects.toMatchObject({
    code: 'provider_unavailable',
    message: 'The model provider has been away for 1 s. It answered with an error: 503.',
  });
  expect(asked).toBe(0);
});

test('a success between them, a refusal or a cancel is no outage', async () => {
  const { circuit, fail } = circuitOf(2);
  await fail(1);
  await circuit.run(async () => 'here', soon());
  await fail(1);
  await circuit
    .run(() => Promise.reject(new MadError('provider_rejected', 'no')), soon())
    .catch(() => undefined);
  expect(circuit.status().state).toBe('closed');
  await circuit.run(() => Promise.reject(new Error('cancelled')), soon()).catch(() => undefined);
  expect(circuit.status().state).toBe('closed');
});

test('one request tries, the others wait for what it finds and go on', async () => {
  const { circuit, states, fail } = circuitOf(1);
  await fail(1);
  const back = Promise.withResolvers<void>();
  let trying = 0;
  const results = Array.from({ length: 20 }, (_, index) =>
    circuit.run(async () => {
      trying += 1;
      await back.promise;
      return index;
    }, soon(60_000)),
  );
  await expect.poll(() => trying).toBe(1);
  expect(circuit.status().state).toBe('half-open');
  back.resolve();
  expect(await Promise.all(results)).toHaveLength(20);
  expect(states).toEqual(['closed', 'open', 'half-open', 'closed']);
});

test('who is cancelled stops waiting, and a try that is cancelled proves nothing', async () => {
  const { circuit, fail } = circuitOf(1);
  await fail(1);
  const cancel = new AbortController();
  const trying = circuit.run(
    () =>
      new Promise((_, reject) =>
        cancel.signal.addEventListener('abort', () => reject(new Error('cancelled'))),
      ),
    { signal: cancel.signal, untilMs: performance.now() + 60_000 },
  );
  await expect.poll(() => circuit.status().state).toBe('half-open');
  const waiting = circuit.run(async () => 'never', {
    signal: cancel.signal,
    untilMs: performance.now() + 60_000,
  });
  cancel.abort(new Error('cancelled'));
  await expect(trying).rejects.toThrow('cancelled');
  await expect(waiting).rejects.toThrow('cancelled');
  expect(circuit.status().state).toBe('open');
});

function providerAt(baseUrl: string, outageWaitMs: number) {
  const { circuit } = circuitOf(2);
  const retry = { baseDelayMs: 5, maxDelayMs: 20, maxRetries: 1 };
  const provider = createOpenAiProvider({
    baseUrl,
    model: 'm',
    log: silentLogger,
    circuit,
    outageWaitMs,
    retry,
  });
  const ask = async (deadlineMs?: number): Promise<string> => {
    let text = '';
    const { signal } = new AbortController();
    const messages = [{ role: 'user' as const, content: 'hello' }];
    for await (const event of provider.stream({
      messages,
      tools: [],
      signal,
      correlationId: 'c',
      deadlineMs,
    })) {
      if (event.type === 'token') text += event.token;
    }
    return text;
  };
  return { circuit, provider, ask };
}

test('an answer waits for a provider that is away, longer than its retries, and then comes', async () => {
  const busy = Array.from({ length: 6 }, () => answers(503, 'overloaded'));
  await using server = await scriptedServer(...busy, streams(sse({ content: 'Hi' }), sse({}, 'stop'), DONE));
  const { ask, circuit } = providerAt(server.baseUrl, 60_000);
  expect(await ask()).toBe('Hi');
  expect(server.requests).toHaveLength(7);
  expect(circuit.status().state).toBe('closed');
});

test('an answer that waited in vain says since when the provider is away and why', async () => {
  await using server = await scriptedServer(answers(503, 'overloaded'));
  const { ask, provider } = providerAt(server.baseUrl, 300);
  const words =
    /^The model provider has been away for \d+ s\. The model provider answered with an error: 503 overloaded/;
  await expect(ask()).rejects.toMatchObject({
    code: 'provider_unavailable',
    message: expect.stringMatching(words),
  });
  expect(provider.circuit?.().state).toBe('open');
  const known = server.requests.length;
  // The deadline of the one who asks comes before the provider's own patience.
  await expect(ask(Date.now() + 200)).rejects.toThrow(words);
  expect(server.requests.length).toBeLessThanOrEqual(known + 1);
});

test('a plan does not wait for a provider that is away', async () => {
  await using server = await scriptedServer(answers(503, 'overloaded'));
  const { provider } = providerAt(server.baseUrl, 60_000);
  const { signal } = new AbortController();
  const schema = { name: 'plan', schema: {} };
  const plan = () => provider.completeJson({ system: '', prompt: 'x', schema, signal, correlationId: 'c' });
  await expect(plan()).rejects.toMatchObject({ code: 'provider_unavailable' });
  await expect(plan()).rejects.toMatchObject({ code: 'provider_unavailable' });
  expect(server.requests.length).toBeLessThanOrEqual(3);
});
