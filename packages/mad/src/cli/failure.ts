import { MadError } from '@mad-group/protocol';
import { z } from 'zod';
import { CommandFailure, EXIT, UsageError } from './io.ts';
import { TOKEN_HINT } from './token.ts';

/** Words of a failure of the command itself, and its exit code; null for a defect. */
export function failureOf(error: unknown): { message: string; exitCode: number } | null {
  if (error instanceof UsageError) return { message: error.message, exitCode: EXIT.usage };
  if (error instanceof CommandFailure) return { message: error.message, exitCode: error.exitCode };
  if (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
    return { message: `${optionWords(error.message)} --help shows the options.`, exitCode: EXIT.usage };
  }
  if (error instanceof MadError) {
    const away = error.code === 'unreachable' || error.code === 'timeout';
    const message = error.code === 'unauthenticated' ? `${error.message}\n${TOKEN_HINT}` : error.message;
    return { message, exitCode: away ? EXIT.unreachable : EXIT.refused };
  }
  if (error instanceof z.core.$ZodError) {
    const words = 'The answer is not of a shape that is known here. Is the MAD of another version?';
    return { message: words, exitCode: EXIT.refused };
  }
  return null;
}

/** What `parseArgs` says of an option, without its advice and its own spelling of options. */
function optionWords(message: string): string {
  const [, option] = /'(?:-\w, )?(--?[\w-]+)/.exec(message) ?? [];
  if (option === undefined) return message;
  if (message.startsWith('Unknown option')) return `There is no option ${option}.`;
  if (/does not take an argument/.test(message)) return `${option} takes no value.`;
  return `${option} needs a value.`;
}
