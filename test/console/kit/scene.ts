import { createBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { createEnvelope, type EnvelopeDraft, silentLogger } from '@mad-group/protocol';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type Group, startGroup } from '../../kit/group.ts';
import { type ConsolePage, openConsole, startBrowser } from './console-page.ts';
import { type StageModel, startStageModel } from './stage-model.ts';

/** Who may do what, and by which token. */
export const CALLERS = {
  admin: 'the-token-of-admin-for-tests',
  alice: 'the-token-of-alice-for-tests',
  viewer: 'the-token-of-viewer-for-tests',
} as const;
type Name = keyof typeof CALLERS;
const TOKENS = `
admin  ${CALLERS.admin}  admin
alice  ${CALLERS.alice}  read,converse
viewer ${CALLERS.viewer} read
`;

/** A group on Redis with a model, a publisher beside it, and a browser. */
export interface Scene {
  readonly redis: TestRedis;
  readonly model: StageModel;
  readonly group: Group;
  readonly browser: Browser;
  readonly url: string;
  /** Publishes as anyone: it holds the bus's password. Gives the position. */
  publish(draft: Partial<EnvelopeDraft>): Promise<string>;
  /** Positions of the whole log, in order. */
  logPositions(): Promise<string[]>;
  /** A tab in which this caller is logged in and the bus is live. */
  open(
    name: Name,
    hash?: string,
    options?: Parameters<typeof openConsole>[2] & { url?: string },
  ): Promise<ConsolePage>;
}

/** One scene for all tests of the file. */
export function useScene(env: Record<string, string> = {}): Scene {
  const scene = {} as { -readonly [Part in keyof Scene]: Scene[Part] };
  let bus: ReturnType<typeof createBus>;

  beforeAll(async () => {
    scene.redis = await startRedis();
    scene.model = await startStageModel();
    scene.group = await startGroup({
      REDIS_URL: scene.redis.url,
      OPENAI_BASE_URL: scene.model.baseUrl,
      MAD_TOKENS: TOKENS,
      ...env,
    });
    scene.url = `http://127.0.0.1:${scene.group.ports.rogers}/console`;
    bus = createBus({ url: scene.redis.url, limits: DEFAULT_LOG_LIMITS }, { log: silentLogger });
    await bus.start();
    scene.browser = await startBrowser();
  });
  afterAll(async () => {
    await scene.browser?.close();
    await bus?.stop();
    await scene.group?.stop();
    await scene.model?.stop();
    await scene.redis?.stop();
  });

  scene.publish = (draft) =>
    bus.publish(createEnvelope({ senderId: 'tester', channel: 'mad.topic.tests', payload: {}, ...draft }));
  scene.logPositions = async () => {
    const positions: string[] = [];
    for (let from: Parameters<typeof bus.readOnce>[0]['from'] = 'start'; ; ) {
      const batch = await bus.readOnce({ from, patterns: () => ['mad.#'], maxBatch: 5000 });
      for (const item of batch.items) if (item.kind === 'message') positions.push(item.envelope.position);
      if (batch.caughtUp) return positions;
      from = batch.position;
    }
  };
  scene.open = async (name, hash = '#/group', { url = scene.url, ...options } = {}) => {
    const tab = await openConsole(scene.browser, url, options);
    onTestFinished(() => tab.close());
    await tab.open(hash);
    await tab.page.getByLabel('Token').fill(CALLERS[name]);
    await tab.page.getByRole('button', { name: 'Log in' }).click();
    await tab.untilLive();
    return tab;
  };
  return scene;
}
