// Brings a fresh checkout to where `npm start` and `npm test` work. Plain JavaScript that any
// Node >= 20 runs: it is what brings the Node that runs the rest.
//   node scripts/setup.mjs            dependencies, from the lockfile, when they are not in place
//   node scripts/setup.mjs --redis    and a redis-server, for the tests
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options }).status === 0;
}

/** Installs when the lockfile is not the one that was installed last. */
function installDependencies() {
  const lockfile = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
  const stamp = join(root, 'node_modules', '.installed-from');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockfile) return;
  console.error('Installing dependencies from package-lock.json …');
  // Only warnings about the Node of this shell would show: the project runs on its own.
  if (!run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])) {
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

/** Tests run against a real Redis; without one they must not pass. */
function installRedis() {
  if (has('redis-server')) return;
  const isRoot = process.getuid?.() === 0;
  if (has('apt-get') && isRoot) {
    console.error('Installing redis-server from the system’s packages …');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update', '-qq'], { env });
    // The tests start their own; a service on the default port is not wanted.
    const args = ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'];
    run('apt-get', args, { env: { ...env, RUNLEVEL: '1' }, stdio: ['ignore', 'ignore', 'inherit'] });
  } else if (has('brew')) {
    run('brew', ['install', '--quiet', 'redis']);
  }
  if (!has('redis-server')) {
    stop(
      'The tests need redis-server: install it (Debian, Ubuntu: sudo apt-get install redis-server; ' +
        'macOS: brew install redis), then run npm test again.',
    );
  }
}

installDependencies();
checkNode();
if (process.argv.includes('--redis')) installRedis();
