import { startModelServer } from '../../recorded-model/model-server.ts';
import { createRecordedModel } from '../../recorded-model/recorded-model.ts';
import { StartError } from '../../start-error.ts';
import { type CliIo, EXIT, forTerminal, stderrColors, stdoutColors, UsageError } from '../io.ts';
import { counted } from '../options.ts';
import { readRecording } from './recording.ts';

/** Characters of a prompt that say which one is meant. */
const PROMPT_CHARS = 200;

/**
 * Serves what a recording's models answered, until Ctrl-C.
 *
 * @throws UsageError where the file is no recording, or where nothing can listen at the address
 */
export async function serveRecording(
  path: string,
  { host = '127.0.0.1', port }: { host?: string | undefined; port?: string | undefined },
  io: CliIo,
): Promise<number> {
  const number = parsePort(port);
  const { tasks, leftOut } = await readRecording(path);
  const model = createRecordedModel(tasks);
  if (model.size.tasks === 0)
    throw new UsageError(`${path} holds no whole task: there is nothing to answer with.`);
  const server = await startModelServer({
    model,
    host,
    port: number,
    onUnknown: (reason, prompt) => {
      const words = `${reason} The prompt: ${JSON.stringify(prompt.slice(0, PROMPT_CHARS))}`;
      io.stderr.write(`${stderrColors(io).yellow(forTerminal(words))}\n`);
    },
  }).catch((error: unknown) => {
    throw error instanceof StartError ? new UsageError(error.message) : error;
  });
  const { size } = model;
  const colors = stdoutColors(io);
  for (const [reason, count] of leftOut) {
    io.stderr.write(`[left out: ${counted(count, 'task')}, since ${reason}]\n`);
  }
  io.stdout.write(
    `Answers of ${counted(size.tasks, 'task')}, in ${counted(size.rounds, 'round')} and ${counted(size.plans, 'plan')}, for a group with\n${colors.bold(`OPENAI_BASE_URL=${server.baseUrl}`)}\n`,
  );
  try {
    await untilAborted(io.signal);
  } finally {
    await server.stop();
  }
  return EXIT.ok;
}

function parsePort(value: string | undefined): number {
  if (value === undefined) return 0;
  const port = Number(value);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535 && value.trim() !== '') return port;
  throw new UsageError(`--port takes a number from 0 to 65535, not '${value}'.`);
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
