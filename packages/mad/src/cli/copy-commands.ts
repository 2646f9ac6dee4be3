import { EnvironmentSchema } from '../config.ts';
import { type CliIo, EXIT, UsageError } from './io.ts';

type Command = 'backup' | 'restore';

interface Values {
  readonly mad?: string | undefined;
  readonly url?: string | undefined;
  readonly force?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly help?: boolean | undefined;
}

const HELP: Record<Command, string> = {
  backup: `mad-cli backup FILE: copies a MAD's database

The copy is the state of one moment, whole in one file, and is checked. The MAD may run. It is made
where the database is: in the MAD's container, or on its machine with its DATA_DIR. No token is
needed, and FILE must not be there yet.

  --mad NAME   whose database: fiedler or rogers. Without it MAD_ID, or the only one in DATA_DIR
  --json       plain JSON on a terminal too
`,
  restore: `mad-cli restore FILE: puts a backup in the place of a MAD's database

The MAD must be stopped: while a process has the database open this is refused, --force or not. Where
there is data it is refused without --force; with it the data is kept beside the database, under a
name that is printed.

  --mad NAME   whose database: fiedler or rogers. Without it MAD_ID, or the only one in DATA_DIR
  --force      replace a database that holds data
  --json       plain JSON on a terminal too
`,
};

/**
 * `mad-cli backup` and `mad-cli restore`: they work on the files themselves, beside the MAD and not
 * through it, so that no caller over the network names files of its machine.
 *
 * @throws UsageError, MadError for what ends it early
 */
export async function runCopyCommand(
  command: Command,
  words: readonly string[],
  values: Values,
  io: CliIo,
): Promise<number> {
  if (values.help) {
    io.stdout.write(HELP[command]);
    return EXIT.ok;
  }
  const [file] = words;
  if (file === undefined || file === '' || words.length > 1) {
    throw new UsageError(`${command} takes one file: mad-cli ${command} FILE`);
  }
  if (values.url !== undefined) {
    throw new UsageError(
      `${command} works on the files of this machine: run it where the MAD runs, without --url.`,
    );
  }
  if (command === 'backup' && values.force) {
    throw new UsageError('backup overwrites nothing, --force or not: give another file.');
  }
  const tasks = await importTasks(command);
  const dataDir = EnvironmentSchema.shape.DATA_DIR.parse(io.env.DATA_DIR || undefined);
  const madId = chooseMad(command, values.mad || io.env.MAD_ID, tasks.madsWithState(dataDir), dataDir);
  const database = tasks.stateDatabasePath(dataDir, madId);
  if (command === 'backup') {
    const bytes = await tasks.backupDatabase(database, file);
    tell({ status: 'success', mad_id: madId, database, file, bytes }, `${file}: ${bytes} bytes, checked`);
  } else {
    const kept = await tasks.restoreDatabase(file, database, { force: values.force ?? false });
    const words = kept === null ? '' : `; what was there is now ${kept}`;
    tell(
      { status: 'success', mad_id: madId, database, file, kept },
      `${database} is what ${file} holds${words}`,
    );
  }
  return EXIT.ok;

  function tell(facts: object, sentence: string): void {
    io.stdout.write(values.json || !io.isTTY ? `${JSON.stringify(facts, null, 2)}\n` : `${sentence}\n`);
  }
}

function chooseMad(
  command: Command,
  given: string | undefined,
  found: readonly string[],
  dataDir: string,
): string {
  if (given !== undefined) {
    if (/^[a-z0-9-]+$/.test(given)) return given;
    throw new UsageError(`--mad takes a name as fiedler or rogers, not '${given}'.`);
  }
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const there = found.length === 0 ? 'holds no database' : `holds those of ${found.join(' and ')}`;
  throw new UsageError(
    `Whose database? DATA_DIR (${dataDir}) ${there}: mad-cli ${command} FILE --mad ${found[0] ?? 'NAME'}`,
  );
}

/** @throws UsageError where it is not installed: a MAD without a database does not need it */
async function importTasks(command: Command): Promise<typeof import('@mad-group/tasks')> {
  try {
    return await import('@mad-group/tasks');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError(
      `No MAD here has a database, since @mad-group/tasks is not installed: run ${command} where one with tasks runs.`,
    );
  }
}
