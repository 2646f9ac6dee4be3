import { runProcess } from '@mad-group/mad';
import packageJson from '../package.json' with { type: 'json' };
import { buildGroup } from './build-group.ts';
import { firstScreen } from './first-screen.ts';

await runProcess({
  name: 'mad-group',
  env: process.env,
  busPolicy: 'embedded',
  build: buildGroup,
  onStarted({ config }, { mads, platform }) {
    const statuses = mads.map((mad) => ({ port: mad.port, status: mad.status() }));
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
