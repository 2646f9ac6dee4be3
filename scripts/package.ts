// Makes of a package, which the workspace runs unbuilt, what others can install: JavaScript with
// declarations in dist, and a manifest that exports those. npm calls it in the package's folder:
//   node ../../scripts/package.ts              before `npm pack` takes the files
//   node ../../scripts/package.ts --restore    after: the folder is the workspace's again
//   node ../../scripts/package.ts --refuse     before `npm publish` of the folder
// Node strips no types below node_modules, and npm knows no exports for publishing alone; so the
// manifest is another one for the moment of packing. Where npm was killed in it, --restore helps.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { extname, join } from 'node:path';
import process from 'node:process';

interface Manifest {
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

const ROOT = join(import.meta.dirname, '..');
const MANIFEST = 'package.json';
/** The workspace's manifest, while the other one is in its place. */
const KEPT = 'package.workspace.json';
/** Of the workspace's own tests. */
const TESTS = ['**/*.test.ts', '**/*.test-support.ts', '**/testing'];
const FOR_TESTS = /^\.\/(?:.*\/)?(?:testing|conformance)$/;

const read = (path: string): Manifest => JSON.parse(readFileSync(path, 'utf8')) as Manifest;

function publishedManifest(own: Manifest, root: Manifest): object {
  const { scripts: _, devDependencies: __, ...manifest } = own;
  const published = Object.entries(own.exports).filter(([subpath]) => !FOR_TESTS.test(subpath));
  // The declarations name types of dependencies that bring none themselves.
  const types = Object.entries(root.devDependencies ?? {}).filter(
    ([name]) => name.replace('@types/', '') in own.dependencies && name.startsWith('@types/'),
  );
  return {
    ...manifest,
    // In the workspace npm brings the Node that runs it.
    engines: { node: '>=24' },
    exports: Object.fromEntries(published.map(([subpath, source]) => [subpath, compiled(source)])),
    dependencies: { ...own.dependencies, ...Object.fromEntries(types) },
  };
}

/** Where a source is once it is compiled. */
function compiled(source: string): object {
  const path = source.replace('./src/', './dist/').replace(/\.ts$/, '');
  return { types: `${path}.d.ts`, default: `${path}.js` };
}

/** Compiles src into dist; false where that failed, which the compiler has told. */
function compile(): boolean {
  const project = 'dist/tsconfig.json';
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    rewriteRelativeImportExtensions: true,
    rootDir: '../src',
    outDir: '.',
  };
  const config = { compilerOptions, include: ['../src'], exclude: TESTS.map((path) => `../src/${path}`) };
  mkdirSync('dist');
  writeFileSync(project, JSON.stringify({ extends: '../../../tsconfig.json', ...config }));
  const { status } = spawnSync('tsc', ['--project', project], { stdio: 'inherit' });
  rmSync(project);
  // Redis' scripts, which are read beside the code.
  cpSync('src', 'dist', { recursive: true, filter: (path) => ['', '.lua'].includes(extname(path)) });
  return status === 0;
}

function restore(): void {
  if (existsSync(KEPT)) renameSync(KEPT, MANIFEST);
  for (const path of ['dist', 'LICENSE']) rmSync(path, { recursive: true, force: true });
}

if (process.argv.includes('--refuse')) {
  // npm would tell the registry of the manifest that it finds after packing: that of the workspace.
  console.error(
    'Publish what is packed, not its folder: npm run pack, then npm publish ./dist/mad-group-….tgz.',
  );
  process.exit(1);
}
restore();
if (!process.argv.includes('--restore')) {
  if (compile()) {
    const manifest = publishedManifest(read(MANIFEST), read(join(ROOT, MANIFEST)));
    copyFileSync(join(ROOT, 'LICENSE'), 'LICENSE');
    copyFileSync(MANIFEST, KEPT);
    writeFileSync(MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`);
  } else {
    restore();
    process.exitCode = 1;
  }
}
