// The page with docker compose, as a project of its own, by its folder's name; its ports are the page's.
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../kit/process.ts';
import { assertFree, PAGE_PORTS } from './page-ports.ts';
import { walkPage } from './walk.ts';

await walkPage('compose', async ({ checkout }) => {
  const { DOCKER_HOST } = process.env;
  const env: Record<string, string> = DOCKER_HOST === undefined ? {} : { DOCKER_HOST };
  const compose = (command: string) =>
    run(
      'bash',
      [
        '-c',
        `cd '${checkout}' && if docker compose version >/dev/null 2>&1; then docker compose ${command}; else docker-compose ${command}; fi`,
      ],
      // Where the page has not come so far, the file still wants a password.
      { REDIS_PASSWORD: 'none', ...env },
    );
  const remove = async (): Promise<void> => {
    const { code, stderr } = await compose('down --volumes --timeout 5');
    if (code !== 0) throw new Error(`The project cannot be removed:\n${stderr}`);
  };
  // What a run that was cut off has left. The file names one that the page is yet to make.
  await writeFile(join(checkout, '.env'), '');
  await remove();
  await rm(join(checkout, '.env'));
  await assertFree([...PAGE_PORTS.mads, ...PAGE_PORTS.ssh]);
  return {
    env,
    describe: async () => `${(await compose('ps')).stdout}${(await compose('logs --tail=30')).stdout}`,
    async leave() {
      await appendFile(join(checkout, '.env'), '');
      await remove();
    },
  };
});
