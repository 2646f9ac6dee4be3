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
  portKeys: ['GRACE_PORT', 'FIEDLER_PORT', 'ROGERS_PORT', 'SEQUENTIAL_THINKING_PORT'],
  busPolicy: 'embedded',
  build: buildGroup,
  async onStarted({ config, bus, callers }, { mads, platform }) {
    await healthyOrAfter(mads, HEALTH_WAIT_MS);
    process.stdout.write(
      firstScreen({
        version: packageJson.version,
        config,
        mads,
        platformPort: platform.port,
        bus: bus.status(),
        asksForTokens: callers.asksForTokens,
        columns: process.stdout.columns ?? Number.POSITIVE_INFINITY,
        color: process.stdout.isTTY === true && !process.env.NO_COLOR,
      }),
    );
  },
});

async function healthyOrAfter(mads: readonly Mad[], waitMs: number): Promise<void> {
  const deadlineMs = performance.now() + waitMs;
  while (performance.now() < deadlineMs && mads.some((mad) => mad.status().health !== 'HEALTHY')) {
    await sleep(50);
  }
}
