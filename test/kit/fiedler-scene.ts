import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { afterEach, beforeEach } from 'vitest';
import { createFiedlerPlace, type Fiedler, type FiedlerOptions } from './fiedler.ts';
import { createSteadyClient, type SteadyClient } from './steady-client.ts';
import { type StreamingStub, type StubAnswer, startStreamingStub } from './streaming-stub.ts';

/** A Fiedler that is not started yet, with what it needs and those who call it. */
export interface FiedlerScene {
  readonly redis: TestRedis;
  readonly stub: StreamingStub;
  readonly fiedler: Fiedler;
  /** The first of the clients. */
  readonly client: SteadyClient;
  readonly clients: readonly SteadyClient[];
}

export interface FiedlerSceneOptions {
  readonly answer: (prompt: string, earlier: number) => StubAnswer;
  /** Default 1. */
  readonly clients?: number;
  /** Asked for before each test. */
  readonly place?: () => Omit<FiedlerOptions, 'redis' | 'providerUrl'>;
}

/** A new scene for each test of the file; what is returned is always the present one. */
export function useFiedlerScene(options: FiedlerSceneOptions): FiedlerScene {
  const { answer, clients: count = 1, place = () => ({}) } = options;
  const scene = {} as { -readonly [Part in keyof FiedlerScene]: FiedlerScene[Part] };
  beforeEach(async () => {
    scene.redis = await startRedis({ appendonly: true });
    scene.stub = await startStreamingStub(answer);
    const { redis, stub } = scene;
    scene.fiedler = await createFiedlerPlace({ redis, providerUrl: stub.baseUrl, ...place() });
    scene.clients = Array.from({ length: count }, () => createSteadyClient(scene.fiedler.url));
    scene.client = scene.clients[0] as SteadyClient;
  });
  afterEach(async () => {
    await Promise.all(scene.clients.map((client) => client.close()));
    await scene.stub.stop();
    await scene.redis.stop();
    await scene.fiedler.remove();
  });
  return scene;
}
