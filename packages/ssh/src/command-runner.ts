import type { MadInside } from '@mad-group/mad';
import { type AdminSession, type CliIo, type CommandTable, EXIT } from '@mad-group/mad/admin';
import { type Caller, throwErrorReply } from '@mad-group/protocol';
import type { Actor, AuditTrail } from './audit-trail.ts';

/** Longest piece of a command that is written down, in characters. */
const MAX_RECORDED = 500;

/** Runs the lines of one connection, and writes each down. */
export interface CommandRunner {
  /** The exit code. Never throws: a defect is logged, and said in one line. */
  run(line: string, io: CliIo): Promise<number>;
  complete(line: string, io: CliIo): Promise<[string[], string]>;
}

export function createCommandRunner(options: {
  readonly inside: Pick<MadInside, 'callTool' | 'log'>;
  readonly table: CommandTable;
  readonly audit: AuditTrail;
  readonly actor: Actor;
}): CommandRunner {
  const { inside, table, audit, actor } = options;
  // Who may log in may see everything; no command changes anything.
  const caller: Caller = { name: `ssh:${actor.comment || actor.fingerprint}`, scopes: new Set(['admin']) };
  const sessionWith = (io: CliIo): AdminSession => ({
    io,
    tools: {
      async callOrThrow(toolName, toolInput = {}, { signal = io.signal } = {}) {
        const call = { surface: 'ssh', caller, toolName, toolInput, correlationId: actor.sessionId } as const;
        const outcome = await inside.callTool({ ...call, signals: [signal] });
        signal.throwIfAborted();
        return outcome.ok ? outcome.reply : throwErrorReply({ ...outcome.reply });
      },
    },
  });

  return {
    complete: (line, io) => table.complete(line, sessionWith(io)),
    async run(line, io) {
      const command = line.trim().slice(0, MAX_RECORDED);
      if (command === '') return EXIT.ok;
      audit.record('ssh_command', actor, { command });
      const startedMs = performance.now();
      let exitCode: number = EXIT.refused;
      try {
        exitCode = await table.run(line, sessionWith(io));
      } catch (error) {
        inside.log.error({ err: error, command, session_id: actor.sessionId }, 'An SSH command failed');
        io.stderr.write('An internal error occurred; the log has the trace.\n');
      }
      const durationMs = Math.round(performance.now() - startedMs);
      audit.record('ssh_command_ended', actor, { command, exit_code: exitCode, duration_ms: durationMs });
      return exitCode;
    },
  };
}
