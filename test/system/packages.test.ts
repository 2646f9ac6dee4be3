// The packages as others get them: packed, installed into a folder outside of the repository, used.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '@mad-group/bus/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { must } from '../kit/cluster.ts';
import { npm, PACKAGES, packPackages } from '../kit/packages.ts';
import { ROOT, run } from '../kit/process.ts';

const SPECIFIERS = [
  '@mad-group/protocol',
  '@mad-group/bus',
  '@mad-group/tasks',
  '@mad-group/imperator',
  '@mad-group/mad',
  '@mad-group/mad/admin',
  '@mad-group/mad/tasks',
  '@mad-group/mad/verify',
  '@mad-group/ssh',
];
let folder: string;
let tarballs: ReadonlyMap<string, string>;
let stranger: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mad-packages-'));
  tarballs = await packPackages(folder);
  stranger = await install('stranger', PACKAGES);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder outside of the repository with packages in it. None of them needs an install script to run. */
async function install(name: string, packages: readonly string[]): Promise<string> {
  const place = join(folder, name);
  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), '{ "private": true, "type": "module" }');
  const sources = packages.map((each) => tarballs.get(each) as string);
  // Without a registry it ends soon, and says so.
  const retries = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];
  await npm(place, 'install', '--ignore-scripts', '--no-audit', '--no-fund', ...retries, ...sources);
  return place;
}

const node = (...args: string[]) =>
  run(
    'node',
    args.map((arg) => arg.replace('./', `${stranger}/`)),
  );

test('npm pack leaves the workspace as it was', () => {
  for (const name of PACKAGES) {
    const manifest = (root: string): string =>
      readFileSync(join(root, 'packages', name, 'package.json'), 'utf8');
    expect(manifest(join(folder, 'workspace')), name).toBe(manifest(ROOT));
  }
});

test('the folder itself is not published: the registry would be told of the manifest of the workspace', async () => {
  const folderOfBus = join(folder, 'workspace/packages/bus');
  await expect(npm(folderOfBus, 'publish', '--dry-run')).rejects.toThrow(/Publish what is packed/);
});

test('the tarballs hold JavaScript, declarations and the licence, and no source or test', async () => {
  for (const tarball of tarballs.values()) {
    const files = (await must('tar', ['--list', '--gzip', '--file', tarball])).trim().split('\n');
    expect(files).toEqual(
      expect.arrayContaining(['package/LICENSE', 'package/README.md', 'package/dist/index.d.ts']),
    );
    expect(
      files.filter((file) => !/\.(js|d\.ts|mjs|lua)$|\/(LICENSE|README\.md|package\.json)$/.test(file)),
    ).toEqual([]);
    expect(files.filter((file) => /test|conformance|fixture/.test(file))).toEqual([]);
  }
});

test.each(SPECIFIERS)('%s exports what it does in the workspace', async (specifier) => {
  const script = `process.stdout.write(JSON.stringify(Object.keys(await import('${specifier}'))))`;
  writeFileSync(join(stranger, 'exports.js'), script);
  const { stdout, stderr } = await node('./exports.js');
  expect(stderr).toBe('');
  expect((JSON.parse(stdout) as string[]).toSorted()).toEqual(
    Object.keys(await import(specifier)).toSorted(),
  );
});

test('a program over them has types, those of their dependencies too', async () => {
  cpSync(join(import.meta.dirname, 'packages/consumer.ts'), join(stranger, 'consumer.ts'));
  const compilerOptions = {
    module: 'nodenext',
    strict: true,
    noEmit: true,
    types: ['node'],
    skipLibCheck: false,
  };
  writeFileSync(join(stranger, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
  const { code, stdout } = await run('tsc', ['--project', stranger]);
  expect([code, stdout]).toEqual([0, '']);
});

test('a MAD without tasks needs no SQLite', { timeout: 180_000 }, async () => {
  const place = await install('without-tasks', ['protocol', 'bus', 'mad']);
  expect(existsSync(join(place, 'node_modules/better-sqlite3'))).toBe(false);
  writeFileSync(join(place, 'mad.js'), "import { createMad } from '@mad-group/mad';\ncreateMad.name;\n");
  expect(await run('node', [join(place, 'mad.js')])).toMatchObject({ code: 0, stderr: '' });
  const cli = await run(join(place, 'node_modules/.bin/mad-cli'), ['backup', 'copy']);
  expect(cli).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('@mad-group/tasks is not installed'),
  });
});

test('the bus finds its scripts in the package', async () => {
  const redis = await startRedis();
  try {
    cpSync(join(import.meta.dirname, 'packages/publish.ts'), join(stranger, 'publish.ts'));
    const { code, stdout, stderr } = await node('./publish.ts', redis.url);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^heard hello\n$/);
  } finally {
    await redis.stop();
  }
});

test.each(['mad-cli', 'mad-status'])('%s comes along', async (command) => {
  const { code, stdout } = await run(join(stranger, 'node_modules/.bin', command), ['--version']);
  expect([code, stdout]).toEqual([0, '0.1.0\n']);
});
