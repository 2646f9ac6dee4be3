import type { MadStatus } from '@mad-group/protocol';
import { durationWords } from './durations.ts';
import { type Colors, forTerminal } from './io.ts';
import { whole } from './options.ts';

/** `Title`, `True` and `False` as the first implementation, in Python, wrote them. */
const pythonBool = (value: boolean): string => (value ? 'True' : 'False');

/**
 * How a MAD is: the lines of the operations guide, then further facts. A line is coloured as a whole: scripts
 * look for `Status: HEALTHY`, on a pseudo-terminal too, and an escape sequence must not part it.
 */
export function statusLines(status: MadStatus, colors: Colors): string[] {
  const good = (line: string): string => colors.green(line);
  const bad = (line: string): string => colors.red(line);
  const lines = [
    colors.bold(`[${forTerminal(status.title)} Status]`),
    `- MAD Name: ${forTerminal(status.mad_id)}`,
    status.health === 'HEALTHY' ? good('- Status: HEALTHY') : colors.yellow(`- Status: ${status.health}`),
  ];
  const flag = (name: string, value: boolean | null | undefined): void => {
    if (value === null || value === undefined) return;
    lines.push((value ? good : bad)(`- ${name}: ${pythonBool(value)}`));
  };
  flag('Conversation Bus Connected', status.bus?.connected);
  flag('Sequential Thinking Connected', status.sequential_thinking_connected);
  if (status.database !== null) {
    lines.push((status.database === 'OK' ? good : bad)(`- Database Status: ${forTerminal(status.database)}`));
  }
  const facts: Record<string, string | number | boolean> = {
    ...(status.bus ? { 'Conversation Bus': busFact(status.bus) } : {}),
    ...(status.provider === null ? {} : { 'Model Provider': status.provider }),
    Version: status.version,
    Uptime: durationWords(status.uptime_s * 1000),
    ...Object.fromEntries(Object.entries(status.details).map(([key, value]) => [factName(key), value])),
  };
  for (const [name, value] of Object.entries(facts)) {
    lines.push(
      `- ${forTerminal(name)}: ${typeof value === 'boolean' ? pythonBool(value) : forTerminal(whole(value))}`,
    );
  }
  return lines;
}

/** `redis, since 2026-01-01T00:00:00.000Z`; where it is away, why, too. */
const busFact = ({ kind, since, reason }: NonNullable<MadStatus['bus']>): string =>
  [kind, ...(since === null ? [] : [`since ${since}`]), ...(reason === undefined ? [] : [reason])].join(', ');

/** `queued_tasks` as `Queued Tasks`. */
const factName = (key: string): string =>
  key.replaceAll('_', ' ').replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
