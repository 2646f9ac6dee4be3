import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../test/kit/free-ports.ts';
import { start } from '../../test/kit/process.ts';

export type MadName = 'grace' | 'fiedler' | 'rogers';

/** A MAD in a process of its own, as it runs in production but for its log. */
export interface BenchMad {
  readonly url: string;
  readonly platformUrl: string;
  readonly pid: number;
  readonly dataDir: string;
  stop(): Promise<void>;
}

/** Starts `services/{name}/src/main.ts` and resolves when it is ready. */
export async function startMad(name: MadName, env: Record<string, string>): Promise<BenchMad> {
  const dataDir = await mkdtemp(join(tmpdir(), `mad-bench-${name}-`));
  const [port, platformPort] = (await freePorts(2)) as [number, number];
  const platformUrl = `http://127.0.0.1:${platformPort}`;
  const profile = process.env.BENCH_PROF === name ? ['--cpu-prof', '--cpu-prof-dir=/tmp/bench-prof'] : [];
  const running = start('node', [...profile, `services/${name}/src/main.ts`], {
    [`${name.toUpperCase()}_PORT`]: String(port),
    PLATFORM_PORT: String(platformPort),
    DATA_DIR: dataDir,
    LOG_LEVEL: 'warn',
    ...env,
  });
  const end = (): void => void running.child.kill('SIGKILL');
  process.once('exit', end);
  while (!(await isReady(platformUrl))) {
    if (running.child.exitCode !== null) throw new Error(`${name} ended:\n${running.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    url: `ws://127.0.0.1:${port}`,
    platformUrl,
    pid: running.child.pid ?? 0,
    dataDir,
    async stop() {
      await running.stop();
      process.off('exit', end);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Whether the platform port says that all behind it are ready. */
export const isReady = (platformUrl: string): Promise<boolean> =>
  fetch(`${platformUrl}/readyz`).then(
    (response) => response.ok,
    () => false,
  );
