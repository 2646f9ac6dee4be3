import { LLMock } from '@copilotkit/aimock';
import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import type { MadName } from './group.ts';
import { createMadPlace, type MadPlace } from './mad-place.ts';
import { type OtlpReceiver, startCollector } from './otlp-receiver.ts';
import type { Running } from './process.ts';

/** A MAD in a process of its own, which may be killed and started again. */
interface TracedMad {
  readonly place: MadPlace;
  running: Running;
  start(): Promise<void>;
}

/** MADs as processes of their own over one Redis, which trace to one collector and ask one model. */
export interface TracedGroup {
  readonly redis: TestRedis;
  readonly collector: OtlpReceiver;
  readonly model: LLMock;
  readonly mads: ReadonlyMap<MadName, TracedMad>;
  mad(name: MadName): TracedMad;
  stop(): Promise<void>;
}

export const MODEL = 'small-model';

export async function startTracedGroup(names: readonly MadName[]): Promise<TracedGroup> {
  const redis = await startRedis({ appendonly: true });
  const collector = await startCollector();
  const model = new LLMock({ port: 0, chunkSize: 3 });
  await model.start();
  const env: Record<string, string> = {
    REDIS_URL: redis.url,
    OPENAI_BASE_URL: `${model.url}/v1`,
    LLM_MODEL: MODEL,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  };
  const mads = new Map<MadName, TracedMad>();
  // Sequential Thinking first: the others are told where it is.
  for (const name of names.toSorted((a) => (a === 'sequential-thinking' ? -1 : 1))) {
    const place = await createMadPlace(name, env);
    if (name === 'sequential-thinking') env.SEQUENTIAL_THINKING_URL = place.url;
    const mad: TracedMad = {
      place,
      running: place.spawn(),
      async start() {
        mad.running = place.spawn();
        await place.untilReady(mad.running);
      },
    };
    await place.untilReady(mad.running);
    mads.set(name, mad);
  }
  return {
    redis,
    collector,
    model,
    mads,
    mad: (name) => mads.get(name) as TracedMad,
    async stop() {
      for (const { running, place } of mads.values()) {
        await running.stop();
        await place.remove();
      }
      await model.stop();
      await collector.stop();
      await redis.stop();
    },
  };
}
