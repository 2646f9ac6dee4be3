// Measures each figure in turn with its limit or peer, and prints one table.
//   npm run bench                 all, in pairs of runs, some minutes
//   npm run bench -- NAME …       these
//   npm run bench -- --short      a quick form, to see that they work: its figures say little
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../test/kit/process.ts';
import { busLatency } from './bus-latency.ts';
import { busThroughput } from './bus-throughput.ts';
import { fiedlerFirstToken } from './fiedler-first-token.ts';
import { fiedlerStreams } from './fiedler-streams.ts';
import { fiedlerTasks } from './fiedler-tasks.ts';
import { graceSends } from './grace-sends.ts';
import { groupStart } from './group-start.ts';
import type { Bench, Row } from './kit/bench.ts';
import { formatTable } from './kit/table.ts';
import { rogersCatchUp } from './rogers-catch-up.ts';
import { scrape } from './scrape.ts';
import { statusRead } from './status-read.ts';

const BENCHES: readonly Bench[] = [
  busThroughput,
  busLatency,
  graceSends,
  fiedlerTasks,
  fiedlerFirstToken,
  fiedlerStreams,
  statusRead,
  scrape,
  rogersCatchUp,
  groupStart,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, rounds: { type: 'string' } },
});
const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no ${unknown.join(', ')}. There are: ${BENCHES.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

// What is broken off leaves nothing running: each process is ended at the exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const run = {
  short: values.short,
  rounds: Number(values.rounds ?? (values.short ? 1 : 5)),
  say: (line: string) => console.error(line),
};
const chosen = positionals.length === 0 ? BENCHES : BENCHES.filter(({ name }) => positionals.includes(name));
const folder = join(ROOT, 'node_modules', '.cache', 'bench');
mkdirSync(folder, { recursive: true });
const rows: Row[] = [];
const loads: number[] = [];
let failed = 0;
for (const { name, measure } of chosen) {
  const load = loadavg()[0] ?? 0;
  loads.push(load);
  run.say(`${name} (load ${load.toFixed(1)})`);
  try {
    const measured = await measure(run);
    rows.push(...measured);
    const facts = { name, short: run.short, at: new Date().toISOString(), load, rows: measured };
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(facts, null, 2)}\n`);
  } catch (error) {
    failed += 1;
    console.error(`${name} failed:`, error);
  }
}
const form = run.short ? 'short form, ' : '';
const load = `load ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)} before each`;
console.log(`${form}${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, ${load}\n`);
console.log(formatTable(rows));
if (failed > 0) console.log(`\n${failed} of ${chosen.length} could not be measured: see above.`);
process.exitCode = failed === 0 ? 0 : 1;
