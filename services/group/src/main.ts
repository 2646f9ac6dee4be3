import { setTimeout as sleep } from 'node:timers/promises';
import { type Mad, runProcess } from '@mad-group/mad';
import packageJson from '../package.json' with { type: 'json' };
import { buildGroup } from './build-group.ts';
import { firstScreen } from './first-screen.ts';

/** The MADs find each other a moment after they start: the first screen waits for that, so long at most. */
const HEALTH_WAIT_MS = 2_000;

await runProcess({
  name: 'mad-group',
  env: process.env,
  busPolicy: 'embedded',
  build: buildGroup,
  async onStarted({ config }, { mads, platform }) {
    await healthyOrAfter(mads, HEALTH_WAIT_MS);
    const statuses = mads
      .map((mad) => ({ port: mad.port, status: mad.status() }))
      .sort((a, b) => a.port - b.port);
    process.stdout.write(
      firstScreen({
        version: packageJson.version,
        host: config.HOST,
        mads: statuses,
        platformPort: platform.port,
        redisUrl: config.REDIS_URL,
        provider: statuses.find(({ status }) => status.mad_id === 'fiedler')?.status.provider ?? 'offline',
        dataDir: config.DATA_DIR,
        color: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
      }),
    );
  },
});

async function healthyOrAfter(mads: readonly Mad[], waitMs: number): Promise<void> {
  const deadlineMs = performance.now() + waitMs;
  while (performance.now() < deadlineMs && mads.some((mad) => mad.status().health !== 'HEALTHY')) {
    await sleep(20);
  }
}
