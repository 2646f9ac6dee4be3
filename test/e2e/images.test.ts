// What is in the images, and how they behave alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { MAD_IMAGES as IMAGES } from '../../scripts/image-names.ts';
import { must } from '../kit/cluster.ts';
import { ROOT } from '../kit/process.ts';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
/** Over the base image, of the issue that asked for images. */
const LIMIT_BYTES = 90_000_000;
const BASE = 'node:24-bookworm-slim';

const inspect = async (name: string): Promise<{ Size: number; Config: Record<string, unknown> }> =>
  (
    JSON.parse(await must('docker', ['image', 'inspect', name])) as [
      { Size: number; Config: Record<string, unknown> },
    ]
  )[0];
const inside = (image: string, ...command: string[]): Promise<string> =>
  must('docker', ['run', '--rm', '--read-only', '--network=none', '--cap-drop=ALL', image, ...command]);

const started: string[] = [];
afterAll(async () => {
  for (const id of started) await must('docker', ['rm', '--force', id]);
});

describe.each(IMAGES)('the image of %s', (service) => {
  const image = `mad/${service}`;
  test('puts at most 90 MB over its base, and says what it is', async () => {
    const { Size, Config } = await inspect(`${image}:${version}`);
    const bytes = Size - (await inspect(BASE)).Size;
    console.log(`${image}: ${(bytes / 1e6).toFixed(1)} MB over ${BASE}`);
    expect(bytes).toBeLessThan(LIMIT_BYTES);
    expect(Config.User).toBe('node');
    expect(Config.Labels).toMatchObject({
      'org.opencontainers.image.title': `mad-${service}`,
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.revision': expect.stringMatching(/^[0-9a-f]{40}$/),
    });
  });

  test('holds no other service, no test, no tool to build with, no part for another platform', async () => {
    const files = (await inside(`${image}:${version}`, 'find', '/app', '-type', 'f')).trim().split('\n');
    expect(
      files.filter((file) =>
        /\.test\.ts$|^\/app\/packages\/.*\/testing\/|\.d\.ts$|\.map$|binding\.gyp$|\.c$/.test(file),
      ),
    ).toEqual([]);
    const own = files.filter((file) => !file.startsWith('/app/services/console/'));
    expect(new Set(own.map((file) => /^\/app\/services\/([^/]+)/.exec(file)?.[1]).filter(Boolean))).toEqual(
      new Set([service]),
    );
    expect(files.filter((file) => file.endsWith('.node'))).toHaveLength(1);
    for (const name of ['vitest', 'typescript', '@biomejs', 'bullmq']) {
      expect(
        files.some((file) => file.startsWith(`/app/node_modules/${name}/`)),
        name,
      ).toBe(false);
    }
  });

  test('has what speaks SSH only where it is served', async () => {
    const packages = await inside(`${image}:${version}`, 'ls', '/app/node_modules');
    expect(packages.split('\n').includes('ssh2')).toBe(['fiedler', 'rogers'].includes(service));
  });

  test('holds the console’s page where it is the one that serves it, built, and not its sources', async () => {
    const files = await inside(`${image}:${version}`, 'find', '/app/services', '-type', 'f');
    const page = files.match(/(?<=\/app\/services\/console\/).+/g) ?? [];
    if (service !== 'rogers') return expect(page).toEqual([]);
    expect(page).toEqual(expect.arrayContaining(['package.json', 'dist/index.html', 'dist/index.html.br']));
    expect(page.filter((file) => file !== 'package.json' && !file.startsWith('dist/'))).toEqual([]);
  });

  test('has the commands on its PATH, on a root that is read-only', async () => {
    for (const command of ['mad-cli', 'mad-status']) {
      expect(await inside(`${image}:${version}`, command, '--version')).toBe(`${version}\n`);
    }
  });

  test('takes its heap from the memory of the container', async () => {
    const script = 'console.log(require("node:v8").getHeapStatistics().heap_size_limit / 2 ** 20)';
    const limit = (memory: string): Promise<string> =>
      must('docker', ['run', '--rm', `--memory=${memory}`, `${image}:${version}`, 'node', '-e', script]);
    const [small, large] = [Number(await limit('512m')), Number(await limit('2g'))];
    expect(small).toBeLessThan(512);
    expect(large / small).toBeGreaterThan(3);
  });

  test('ends with 0 on SIGTERM, as process 1', async () => {
    const flags = ['--detach', '--read-only', '--tmpfs=/tmp', '--volume=/data'];
    const env = ['--env=REDIS_URL=redis://127.0.0.1:6379', '--env=REDIS_PASSWORD=nobody-listens-there'];
    const id = (await must('docker', ['run', ...flags, ...env, `${image}:${version}`])).trim();
    started.push(id);
    await expect
      .poll(() => must('docker', ['logs', id]), { timeout: 30_000 })
      .toContain('MCP Server started');
    await must('docker', ['stop', '--time=20', id]);
    expect((await must('docker', ['inspect', '--format', '{{.State.ExitCode}}', id])).trim()).toBe('0');
  });
});
