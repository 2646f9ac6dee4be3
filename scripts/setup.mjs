// Brings a fresh checkout to where `npm start` and `npm test` work. Plain JavaScript that any
// Node >= 20 runs: it is what brings the Node that runs the rest.
//   node scripts/setup.mjs            dependencies, from the lockfile, when they are not in place; and the
//                                     console's page, when its sources are not the ones it was built from
//   node scripts/setup.mjs --tests    and what the tests need of the system: redis-server, python3, ssh
//   node scripts/setup.mjs --tests --faults    and strace, for the faults
//   node scripts/setup.mjs --tests --alerts    and Prometheus with promtool, for metrics and alerts
//   node scripts/setup.mjs --tests --browser   and chromium, for the console
//   node scripts/setup.mjs --tests --docs      and logrotate, for what docs/operations.md shows
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MAJOR = 24;

function stop(line) {
  console.error(line);
  process.exit(1);
}

const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

function run(command, args, options = {}) {
  return (
    spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options }).status === 0
  );
}

/** Installs when the lockfile is not the one that was installed last. */
function installDependencies() {
  const lockfile = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.installed-from');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockfile) return;
  console.error('Installing dependencies from package-lock.json …');
  // Only warnings about the Node of this shell would show: the project runs on its own.
  // Nothing that is needed is built at an install; npm before version 11 would try.
  if (!run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])) {
    stop('npm ci failed: see above. Can this machine reach the npm registry?');
  }
  writeFileSync(stamp, lockfile);
}

function checkNode() {
  const own = join(root, 'node_modules', '.bin', 'node');
  const node = existsSync(own) ? own : 'node';
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? '';
  if (Number(/^v(\d+)/.exec(version)?.[1] ?? 0) < NODE_MAJOR) {
    stop(
      `Node ${NODE_MAJOR} or later is needed and this is ${version || 'none'}: on Linux x64 and arm64 npm brings it ` +
        '(install without --omit=optional); elsewhere put it on the PATH.',
    );
  }
}

/** Builds the console's page into services/console/dist. Without it the group runs, and /console says so. */
function buildConsole() {
  const folder = join(root, 'services', 'console');
  const sources = ['index.html', 'vite.config.ts', 'package.json', ...filesBelow(folder, 'src', 'public')];
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  for (const path of sources.sort()) hash.update(`${path}\n`).update(readFileSync(join(folder, path)));
  const built = hash.digest('hex');
  const stamp = join(folder, 'dist', '.built-from');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === built) return;
  console.error('Building the console …');
  const own = join(root, 'node_modules', '.bin', 'node');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const args = [vite, 'build', '--logLevel', 'warn'];
  if (run(existsSync(own) ? own : 'node', args, { cwd: folder })) writeFileSync(stamp, built);
  else console.error('The console was not built: see above. Everything else works without it.');
}

/** Paths of the files in these folders, from `folder` on; tests are no part of the page. */
const filesBelow = (folder, ...names) =>
  names.flatMap((name) =>
    readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)),
  );

/** What the tests need beyond npm, and how it is called where it comes from. */
const SYSTEM_PACKAGES = [
  {
    what: 'redis-server',
    why: 'tests run on a real Redis',
    isThere: () => has('redis-server'),
    apt: ['redis-server'],
    brew: ['redis'],
  },
  {
    what: 'python3 with venv',
    why: 'a Python client of the first implementation is one of the tests, and a receiver of traces is made of it',
    isThere: () => spawnSync('python3', ['-c', 'import ensurepip, venv'], { stdio: 'ignore' }).status === 0,
    apt: ['python3', 'python3-venv'],
    brew: ['python3'],
  },
  {
    what: 'the OpenSSH client',
    why: 'the administration over SSH is tested with it',
    isThere: () => ['ssh', 'ssh-keygen', 'ssh-agent', 'scp', 'sftp'].every(has),
    apt: ['openssh-client'],
    brew: ['openssh'],
  },
  {
    what: 'strace',
    why: 'what a loss of power leaves is played back from its record',
    // Of the faults alone, and there is none but on Linux.
    isThere: () => !process.argv.includes('--faults') || process.platform !== 'linux' || has('strace'),
    apt: ['strace'],
    brew: [],
  },
  {
    what: 'promtool',
    why: 'Prometheus and its own tool check metrics and alerts',
    isThere: () => !process.argv.includes('--alerts') || has('promtool'),
    apt: ['prometheus'],
    brew: ['prometheus'],
  },
  {
    what: 'chromium',
    why: 'the console is tested in a real browser',
    isThere: () => !process.argv.includes('--browser') || has('chromium'),
    apt: ['chromium'],
    brew: ['chromium'],
  },
  {
    what: 'logrotate',
    why: 'docs/operations.md rotates logs with it',
    // Where it is installed is not on everybody's PATH.
    isThere: () => !process.argv.includes('--docs') || has('logrotate') || existsSync('/usr/sbin/logrotate'),
    apt: ['logrotate'],
    brew: ['logrotate'],
  },
];

/** Installs what is missing; without it the tests must not pass. */
function installForTests() {
  const missing = SYSTEM_PACKAGES.filter((item) => !item.isThere());
  if (missing.length === 0) return;
  const isRoot = process.getuid?.() === 0;
  if (has('apt-get') && isRoot) {
    console.error(`Installing ${missing.map((item) => item.what).join(', ')} from the system’s packages …`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    run('apt-get', ['update', '-qq'], { env });
    const names = missing.flatMap((item) => item.apt);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } else if (has('brew')) {
    run('brew', ['install', '--quiet', ...missing.flatMap((item) => item.brew)]);
  }
  const still = missing.filter((item) => !item.isThere());
  if (still.length > 0) {
    const apt = still.flatMap((item) => item.apt).join(' ');
    const brew = still.flatMap((item) => item.brew).join(' ');
    stop(
      `The tests need ${still.map((item) => `${item.what} (${item.why})`).join(' and ')}: ` +
        `sudo apt-get install ${apt}, or brew install ${brew}, then npm test again.`,
    );
  }
}

installDependencies();
checkNode();
buildConsole();
if (process.argv.includes('--tests')) installForTests();
