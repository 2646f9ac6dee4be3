import type { TestRedis } from '@mad-group/bus/testing';
import { type BenchMad, startMad } from './mad.ts';
import { emptyRedis } from './redis.ts';
import { startWorker } from './worker.ts';

export interface Stub {
  readonly tokens: number;
  readonly delayMs: number;
}

/** Runs the work with a stub model on an empty Redis. */
export async function withStub<Result>(
  redis: TestRedis,
  stub: Stub,
  work: (baseUrl: string) => Promise<Result>,
): Promise<Result> {
  await emptyRedis(redis);
  const model = startWorker('stub-model');
  try {
    return await work(await model.ask<string>('listen', stub));
  } finally {
    await model.stop();
  }
}

/** Runs the work with a Fiedler that asks a stub model. */
export const withFiedler = <Result>(
  redis: TestRedis,
  stub: Stub & { readonly env?: Record<string, string> },
  work: (fiedler: BenchMad) => Promise<Result>,
): Promise<Result> =>
  withStub(redis, stub, async (baseUrl) => {
    const env = { REDIS_URL: redis.url, OPENAI_BASE_URL: baseUrl, TASK_QUEUE_MAX: '1000000', ...stub.env };
    const fiedler = await startMad('fiedler', env);
    try {
      return await work(fiedler);
    } finally {
      await fiedler.stop();
    }
  });

export const CONVERSE_FRAME = JSON.stringify({
  tool_name: 'fiedler_converse',
  tool_input: { prompt: 'What is the state of the release?', requester_id: 'bench' },
});
