import {
  type AdminCommand,
  type AdminSession,
  EXIT,
  forTerminalLine,
  noArguments,
  terminalJson,
  wholeArgument,
} from '@mad-group/mad/admin';
import { GetConnectionsOutput, GetStatsOutput, MAX_STATS_HOURS, type Stat } from '@mad-group/protocol';

const hoursOf = (args: readonly string[], fallback: number): number =>
  wholeArgument(args, { name: 'HOURS', min: 1, max: MAX_STATS_HOURS, fallback });

/** What Rogers adds to the commands of the administration. They print what they always did. */
export const ROGERS_COMMANDS: readonly AdminCommand[] = [
  {
    name: 'rogers-connections',
    usage: 'rogers-connections',
    summary: 'every MAD that was seen on the bus, and how it is',
    async run(args, { io, tools }) {
      noArguments(args);
      const reply = await tools.callOrThrow('rogers_get_connections', {}, { signal: io.signal });
      const { connections } = GetConnectionsOutput.parse(reply);
      const head = `--- Showing ${connections.length} MAD Connections ---\n`;
      const body = connections.map(
        ({ mad_id, status, last_heartbeat }) =>
          `ID     : ${forTerminalLine(mad_id)}\n  Status : ${status}\n  Last   : ${last_heartbeat}\n\n`,
      );
      io.stdout.write(connections.length === 0 ? 'No active connections found.\n' : head + body.join(''));
      return EXIT.ok;
    },
  },
  {
    name: 'rogers-stats',
    usage: 'rogers-stats [HOURS]',
    summary: 'messages by hour, sender and topic as JSON; of this hour where HOURS is absent',
    async run(args, session) {
      const hours = hoursOf(args, 1);
      const stats: Stat[] = [];
      for await (const page of statPages(hours, session)) stats.push(...page);
      session.io.stdout.write(stats.length === 0 ? noStats(hours) : `${terminalJson(stats, 2)}\n`);
      return EXIT.ok;
    },
  },
  {
    name: 'rogers-topics',
    usage: 'rogers-topics [HOURS]',
    summary: 'messages of each sender by topic; of the last 24 hours where HOURS is absent',
    async run(args, session) {
      const hours = hoursOf(args, 24);
      const counts = new Map<string, Stat>();
      for await (const page of statPages(hours, session)) {
        for (const stat of page) {
          // A sender's name may hold any character, but no line break stands in what is not JSON.
          const key = JSON.stringify([stat.sender_id, stat.topic_pattern]);
          const total = (counts.get(key)?.total_messages ?? 0) + stat.total_messages;
          counts.set(key, { ...stat, total_messages: total });
        }
      }
      const lines = [...counts.values()].toSorted(bySenderAndTopic).map(summaryLine);
      const head = `--- Topic Summary (Last ${hours} Hours) ---\n`;
      session.io.stdout.write(lines.length === 0 ? noStats(hours) : head + lines.join(''));
      return EXIT.ok;
    },
  },
];

const noStats = (hours: number): string => `No stats found for the last ${hours} hour(s).\n`;

/** The rows of these hours, a reply's worth at a time: a year of many senders is more than one holds. */
async function* statPages(hours: number, { tools, io }: AdminSession): AsyncGenerator<readonly Stat[]> {
  let before: string | undefined;
  do {
    const input = { hours, ...(before === undefined ? {} : { before }) };
    const reply = await tools.callOrThrow('rogers_get_stats', input, { signal: io.signal });
    const page = GetStatsOutput.parse(reply);
    yield page.stats;
    before = page.next_before;
  } while (before !== undefined);
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const bySenderAndTopic = (a: Stat, b: Stat): number =>
  compare(a.sender_id, b.sender_id) || compare(a.topic_pattern, b.topic_pattern);

const summaryLine = ({ sender_id, topic_pattern, total_messages }: Stat): string =>
  `${forTerminalLine(sender_id).padEnd(15)} -> ${topic_pattern.padEnd(15)} : ${total_messages} msgs\n`;
