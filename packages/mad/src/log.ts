import type { Logger } from '@mad-group/protocol';
import pino, { type DestinationStream } from 'pino';
import { isColorSupported, prettyFactory } from 'pino-pretty';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LogOptions {
  /** Stands on every line: `fiedler`, `mad-group`. */
  readonly name: string;
  readonly level: LogLevel;
  /** Coloured lines for a person at a terminal instead of JSON. */
  readonly pretty: boolean;
  /** Asked for each line: facts of the moment. */
  readonly facts?: (() => object) | undefined;
  /** Where lines go; the process's standard output where absent. */
  readonly destination?: DestinationStream;
}

/** Facts that no line may show, wherever they stand: at the top or one or two objects deep. */
const SECRET_FACTS = [
  'authorization',
  'Authorization',
  'token',
  'serviceToken',
  'password',
  'secret',
  'groupSecret',
  'apiKey',
  'api_key',
  'OPENAI_API_KEY',
  'REDIS_PASSWORD',
  'MAD_TOKENS',
  'MAD_TOKEN',
];

/**
 * The process's logger: JSON lines with ISO time and the level as a word. It writes synchronously
 * and starts no worker thread, so that the last line before an exit is there.
 */
export function createLog(options: LogOptions): Logger {
  const destination = options.destination ?? pino.destination({ dest: 1, sync: true });
  const stream = options.pretty ? prettyStream(destination, options.destination === undefined) : destination;
  return pino(
    {
      name: options.name,
      level: options.level,
      // The pod's name is the hostname, and the platform adds it; the process id is always the same.
      base: { name: options.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_FACTS.flatMap((fact) => [fact, `*.${fact}`, `*.*.${fact}`]),
        censor: '[redacted]',
      },
      ...(options.facts ? { mixin: options.facts } : {}),
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
    },
    stream,
  );
}

/** Formats and writes in one go; pino-pretty's own stream would hold lines back. */
function prettyStream(destination: DestinationStream, isTerminal: boolean): DestinationStream {
  const format = prettyFactory({
    colorize: isTerminal && isColorSupported,
    // The MAD stands before the words; beside it the process's name says nothing more.
    ignore: 'pid,hostname,name,mad',
    messageFormat: '{if mad}{mad}: {end}{msg}',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return { write: (line) => destination.write(format(line) ?? line) };
}
