import { type MadStatus, MadStatusOutput } from '@mad-group/protocol';
import { EXIT, stdoutColors } from '../cli/io.ts';
import { statusLines } from '../cli/render-status.ts';
import type { AdminCommand } from './admin-command.ts';
import { noArguments } from './arguments.ts';

/** `FiedlerV1`, as mad-status heads it, in words: `Fiedler V1`. */
export const spokenTitle = (title: string): string => title.replace(/(?<=[a-z])V(?=\d+$)/, ' V');

/** `mad-status`: that the MAD runs, and how it is. Ends with 0 where it is healthy. */
export const statusCommand: AdminCommand = {
  name: 'mad-status',
  usage: 'mad-status',
  summary: 'how this MAD is',
  async run(args, { io, tools }) {
    noArguments(args);
    const status = MadStatusOutput.parse(
      await tools.callOrThrow('mad_get_status', {}, { signal: io.signal }),
    );
    io.stdout.write(`${[headline(status), ...statusLines(status, stdoutColors(io))].join('\n')}\n`);
    return status.health === 'HEALTHY' ? EXIT.ok : EXIT.refused;
  },
};

/** The line of the first implementation. What is degraded runs all the same; the lines below say so. */
const headline = ({ title, health }: MadStatus): string =>
  `${spokenTitle(title)} is ${health === 'STOPPING' ? 'STOPPING' : 'RUNNING'}.`;
