import { type FakeIo, fakeIo } from '../../cli/fake-io.test-support.ts';
import type { AdminCommand, AdminSession } from '../admin-command.ts';
import { createCommandTable } from '../command-table.ts';

/** What tools answer, by their names; `{}` where there is none. */
export type ToolAnswers = Readonly<
  Record<string, (input: Record<string, unknown>) => Record<string, unknown>>
>;

const loggedIn = (answers: ToolAnswers): AdminSession & { io: FakeIo } => ({
  io: fakeIo({ columns: 80 }),
  tools: {
    callOrThrow: async (tool, input = {}) => answers[tool]?.(input as Record<string, unknown>) ?? {},
  },
});

/** The commands of a MAD as somebody who is logged in has them, over tools that answer so. */
export function typedCommands(title: string, commands: readonly AdminCommand[]) {
  const table = createCommandTable(title, commands);
  return {
    /** Runs a line: the exit code, and what was printed. */
    async run(line: string, answers: ToolAnswers): Promise<[code: number, out: string, err: string]> {
      const session = loggedIn(answers);
      return [await table.run(line, session), session.io.out(), session.io.err()];
    },
    complete: (line: string, answers: ToolAnswers) => table.complete(line, loggedIn(answers)),
  };
}
