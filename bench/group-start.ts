import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../test/kit/free-ports.ts';
import { start } from '../test/kit/process.ts';
import { type Bench, sized } from './kit/bench.ts';
import { isReady } from './kit/mad.ts';
import { cpuMs, memoryMib } from './kit/process-cost.ts';
import { spread } from './kit/spread.ts';

const READY_LIMIT_MS = 1_500;
const MEMORY_LIMIT_MIB = 200;
const KEYS = ['GRACE_PORT', 'FIEDLER_PORT', 'ROGERS_PORT', 'SEQUENTIAL_THINKING_PORT', 'PLATFORM_PORT'];

/** The group in one process, as `npm start` runs it: until it is ready, and what it takes when nothing happens. */
export const groupStart: Bench = {
  name: 'group-start',
  async measure(run) {
    const idleMs = sized(run, { short: 2_000, full: 15_000 });
    const lives: { readyMs: number; mib: number; cpu: number }[] = [];
    for (let round = 0; round < run.rounds; round += 1) {
      lives.push(await oneLife(idleMs));
      run.say(`  ${JSON.stringify(lives.at(-1))}`);
    }
    const ready = spread(lives.map(({ readyMs }) => readyMs));
    const memory = spread(lives.map(({ mib }) => mib));
    const cpu = spread(lives.map(({ cpu }) => cpu));
    return [
      {
        figure: 'the group in one process: ready',
        unit: 'ms',
        ours: ready,
        target: {
          words: `≤ ${READY_LIMIT_MS.toLocaleString('en-US')} ms`,
          met: ready.median <= READY_LIMIT_MS,
        },
      },
      {
        figure: 'the group in one process: idle memory',
        unit: 'MiB',
        ours: memory,
        target: { words: `≤ ${MEMORY_LIMIT_MIB} MiB`, met: memory.median <= MEMORY_LIMIT_MIB },
      },
      { figure: 'the group in one process: idle processor', unit: '% of a core', ours: cpu },
    ];
  },
};

async function oneLife(idleMs: number) {
  const folder = await mkdtemp(join(tmpdir(), 'mad-bench-group-'));
  const ports = await freePorts(KEYS.length);
  const env = Object.fromEntries(KEYS.map((key, index) => [key, String(ports[index])]));
  const startedMs = performance.now();
  const running = start('node', ['services/group/src/main.ts'], { DATA_DIR: folder, ...env });
  try {
    while (!(await isReady(`http://127.0.0.1:${ports.at(-1)}`))) {
      if (running.child.exitCode !== null) throw new Error(`the group ended:\n${running.output()}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const readyMs = performance.now() - startedMs;
    const pid = running.child.pid ?? 0;
    const usedMs = cpuMs(pid);
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    return { readyMs, mib: memoryMib(pid).now, cpu: ((cpuMs(pid) - usedMs) / idleMs) * 100 };
  } finally {
    await running.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
