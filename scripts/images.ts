// Builds the image of each service, and says how much it puts over its base.
//   npm run images                 all, tagged with the version
//   npm run images -- grace rogers some of them
//   npm run images -- --tag NAME   another tag
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { IMAGES } from './image-names.ts';

const BASE = 'node:24-bookworm-slim';
const ROOT = join(import.meta.dirname, '..');

const { values, positionals } = parseArgs({ allowPositionals: true, options: { tag: { type: 'string' } } });
const unknown = positionals.filter((name) => !(IMAGES as readonly string[]).includes(name));
if (unknown.length > 0) {
  console.error(`No image ${unknown.join(', ')}: there are ${IMAGES.join(', ')}.`);
  process.exit(2);
}
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const tag = values.tag ?? version;
const revision = output('git', ['rev-parse', 'HEAD']) || 'unknown';

// BuildKit pulls a base without keeping it by its name, and its size is asked for below.
if (!output('docker', ['image', 'inspect', BASE])) spawnSync('docker', ['pull', BASE], { stdio: 'inherit' });

for (const service of positionals.length > 0 ? positionals : IMAGES) {
  const startedMs = performance.now();
  const name = `mad/${service}:${tag}`;
  const args = { SERVICE: service, VERSION: version, REVISION: revision };
  const flags = Object.entries(args).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
  // It has Helm and the charts beside it.
  const target = service === 'operator' ? ['--target', 'operator'] : [];
  const built = spawnSync('docker', ['build', '--tag', name, ...target, ...flags, ROOT], {
    encoding: 'utf8',
  });
  if (built.status !== 0) {
    console.error(`${built.stdout ?? ''}${built.stderr ?? built.error?.message ?? ''}`);
    console.error(`${name} was not built.`);
    process.exit(1);
  }
  const overBase = (size(name) - size(BASE)) / 1e6;
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(`${name}  ${overBase.toFixed(1)} MB over ${BASE}, built in ${seconds.toFixed(1)} s`);
}

/** Bytes of an image with all of its layers. */
function size(image: string): number {
  return Number(output('docker', ['image', 'inspect', '--format', '{{.Size}}', image]));
}

function output(command: string, args: readonly string[]): string {
  return spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' }).stdout?.trim() ?? '';
}
