import { parseArgs } from 'node:util';
import type { Bus, BusStatus, LogItem } from '@mad-group/bus';
import { ALL_CHANNELS, type Envelope } from '@mad-group/protocol';
import { assertPattern } from '../cli/bus-pattern.ts';
import {
  type CliIo,
  type Colors,
  EXIT,
  forTerminal,
  forTerminalLine,
  stderrColors,
  stdoutColors,
} from '../cli/io.ts';
import type { AdminCommand } from './admin-command.ts';
import { terminalJson } from './terminal-json.ts';

/** Messages that are read from the log at once: what lies in memory while the reader is slow. */
const BATCH = 50;
const SUGGESTIONS = [ALL_CHANNELS, 'mad.direct.*', 'mad.stream.*', 'mad.system.*', 'mad.topic.*'];

/**
 * `bus-tail`: the messages of the bus from now on, until Ctrl-C. It reads the log by position and
 * waits for its own reader, so that a slow one costs no memory; what was trimmed meanwhile is told
 * of as a gap.
 */
export const busTailCommand = (bus: Pick<Bus, 'read' | 'status' | 'onStatus'>): AdminCommand => ({
  name: 'bus-tail',
  usage: 'bus-tail [PATTERN …] [--json]',
  summary: 'messages on the bus as they come; of mad.stream.* and the like where PATTERN says so',
  async run(args, { io }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean' } },
    });
    const patterns = positionals.length === 0 ? [ALL_CHANNELS] : positionals;
    for (const pattern of patterns) assertPattern(pattern);
    const note = (words: string): void => {
      io.stderr.write(`${stderrColors(io).dim(`[${forTerminal(words)}]`)}\n`);
    };
    const write = values.json === true ? jsonLine : textLine(io);

    if (io.isTTY) note(`${patterns.join(', ')} from now on; Ctrl-C ends it`);
    const unwatch = bus.onStatus(({ connected, reason }) =>
      note(connected ? 'the bus is back' : awayWords(reason)),
    );
    try {
      const { connected, reason } = bus.status();
      if (!connected) note(awayWords(reason));
      const reading = { from: 'end', patterns: () => patterns, signal: io.signal, maxBatch: BATCH } as const;
      for await (const { items } of bus.read(reading)) {
        for (const item of items) {
          if (item.kind === 'gap') note(gapWords(item));
          else io.stdout.write(`${write(item.envelope)}\n`);
          await io.stdoutTaken();
        }
      }
    } finally {
      unwatch();
    }
    return EXIT.interrupted;
  },
  complete: async () => SUGGESTIONS,
});

const awayWords = (reason: BusStatus['reason']): string =>
  `the bus is away${reason === undefined ? '' : ` (${reason})`}; waiting for it`;

const gapWords = ({ reason, from, to }: Extract<LogItem, { kind: 'gap' }>): string =>
  reason === 'trimmed'
    ? `gap: what was between ${from} and ${to} is no longer in the log`
    : 'gap of unknown size: the log began anew';

const jsonLine = (envelope: Envelope): string => terminalJson(envelope);

/** `2026-01-31 09:05:03.120  mad.direct.rogers  fiedler → rogers  {…}`, as wide as the terminal. */
const textLine =
  (io: CliIo) =>
  ({ timestamp, channel, sender_id, recipient_id, payload }: Envelope): string => {
    const time = timestamp.slice(0, 23).replace('T', ' ');
    const who = recipient_id === null ? sender_id : `${sender_id} → ${recipient_id}`;
    const [head, channelWord, whoWord] = [time, channel, who].map(forTerminalLine) as [
      string,
      string,
      string,
    ];
    const width = io.columns - [head, channelWord, whoWord].join('  ').length - 2;
    const text = terminalJson(payload);
    const body = io.isTTY && text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
    const colors: Colors = stdoutColors(io);
    return `${colors.dim(head)}  ${colors.cyan(channelWord)}  ${colors.bold(whoWord)}  ${body}`;
  };
