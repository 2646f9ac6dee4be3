// What whoever writes a MAD says to the packages. Checked as TypeScript, never run.
import { type Bus, createMemoryBus } from '@mad-group/bus';
import { createThinker } from '@mad-group/imperator';
import {
  createBusToolClient,
  createMad,
  loadConfig,
  type Mad,
  type MadOptions,
  madBase,
  runProcess,
} from '@mad-group/mad';
import { type AdminCommand, EXIT } from '@mad-group/mad/admin';
import { createTaskEngine } from '@mad-group/mad/tasks';
import { verifyMcp } from '@mad-group/mad/verify';
import { defineTool, MadError, silentLogger, text } from '@mad-group/protocol';
import { sshAdmin } from '@mad-group/ssh';
import { openDatabase } from '@mad-group/tasks';
import { z } from 'zod';

const bus: Bus = createMemoryBus({ log: silentLogger });
const tool = defineTool({
  name: 'echo',
  title: 'Echo',
  description: 'Says it again.',
  input: z.object({ words: text(100) }),
  output: z.object({ status: z.literal('success'), words: z.string() }),
  readOnly: true,
  scope: 'read',
  handle({ words }, { caller }) {
    if (caller.name === '') throw new MadError('forbidden', 'Who is it?');
    // @ts-expect-error What the schema says is text is no number.
    const none: number = words;
    return { status: 'success' as const, words: String(none) };
  },
});
// @ts-expect-error The declarations are there, and say that a MAD needs more than a name.
export const none: Mad = createMad({ id: 'none' });
export const reply: Promise<Record<string, unknown>> = createBusToolClient({
  bus,
  id: 'echo',
  log: silentLogger,
}).call('fiedler', 'mad_get_status', {});
const greet: AdminCommand = {
  name: 'echo-greet',
  usage: 'echo-greet',
  summary: 'greets',
  async run(_args, { io }) {
    io.stdout.write('hello\n');
    return EXIT.ok;
  },
};
export const surfaces: MadOptions['surfaces'] = [
  sshAdmin({ config: loadConfig({}), port: 2222, portKey: 'ECHO_SSH_PORT', commands: [greet] }),
];
export const used = [tool, createThinker, madBase, runProcess, createTaskEngine, verifyMcp, openDatabase];
