import { type Stat, topicPattern } from '@mad-group/protocol';
import { findNames, namedSender } from './names.ts';
import { counted } from './numbers.ts';
import type { RogersFacts } from './rogers-facts.ts';
import type { OfflineRule } from './rule.ts';
import {
  firstHourMs,
  HOUR_MS,
  lastHours,
  parseTimeWindow,
  type TimeWindow,
  utcMinute,
} from './time-window.ts';
import { between, parseTopicPattern, total, totalsBy } from './traffic.ts';
import { parseTwoHours } from './two-hours.ts';

const COMPARISON =
  /\bcompar\w*|\bversus\b|\bvs\b|\bdiffer\w*|\bmore\b.*\bthan\b|\bless\b.*\bthan\b|\bchange[ds]?\b/i;
const BUSIEST =
  /\bbusiest\b|\bnoisiest\b|\bloudest\b|\bchattiest\b|\bmost (?:active|messages?|traffic|busy)\b|\b(?:sends?|sent|talks?|publish\w*) (?:the )?most\b|\btop (?:senders?|topics?|\d+)\b|\bhighest\b/i;
const QUIETEST =
  /\bquietest\b|\bleast (?:busy|active|messages?|traffic|chatty|noisy)\b|\bfewest\b|\blowest\b|\b(?:sends?|sent|talks?|publish\w*) (?:the )?least\b/i;
const TRAFFIC =
  /\bmessages?\b|\btraffic\b|\bstat(?:s|istics)\b|\bactivity\b|\bvolume\b|\bheartbeats?\b|\bhow (?:busy|much)\b/i;
const COUNT =
  /\bhow (?:many|much|busy)\b|\bnumber of\b|\bcount\b|\btotals?\b|\btraffic\b|\bstat(?:s|istics)\b|\bactivity\b|\bvolume\b/i;

/** Rows of a breakdown, at most. */
const MAX_ROWS = 10;

export function trafficRules({ connections, stats, clock }: RogersFacts): OfflineRule[] {
  async function rowsOf(window: TimeWindow): Promise<{ rows: Stat[]; when: string }> {
    const nowMs = clock.now();
    const fromMs = firstHourMs(window, nowMs);
    const rows = between(await stats(window.hours), fromMs, window.toMs);
    const until = window.toMs === Infinity ? '' : ` until ${utcMinute(window.toMs)}`;
    return { rows, when: `${window.name} (whole clock hours, since ${utcMinute(fromMs)}${until})` };
  }
  const windowOf = (prompt: string): TimeWindow =>
    parseTimeWindow(prompt, clock.now()) ?? lastHours(1, clock.now());

  return [
    {
      describe: 'Compare the last hour with the hour before.',
      async answer(prompt) {
        const hours = COMPARISON.test(prompt) ? parseTwoHours(prompt, clock.now()) : null;
        if (!hours) return null;
        const [beforeMs, afterMs] = hours;
        const thisHour = Math.floor(clock.now() / HOUR_MS);
        const rows = await stats(thisHour - Math.floor(beforeMs / HOUR_MS) + 1);
        const before = between(rows, beforeMs, beforeMs + HOUR_MS);
        const after = between(rows, afterMs, afterMs + HOUR_MS);
        const running = afterMs === thisHour * HOUR_MS ? ' (this hour is not over yet)' : '';
        // `The last hour` elsewhere counts these, too.
        const sinceMs = afterMs + HOUR_MS;
        const since = between(rows, sinceMs, Infinity);
        return [
          `${utcMinute(beforeMs)}: ${counted(total(before), 'message')}. ${utcMinute(afterMs)}: ${counted(total(after), 'message')}${running}. ${change(total(before), total(after))}`,
          ...(sinceMs === thisHour * HOUR_MS
            ? [
                `Not compared: this hour so far, ${counted(total(since), 'message')} since ${utcMinute(sinceMs)}.`,
              ]
            : []),
          ...changes(before, after, (row) => row.sender_id, 'sender'),
          ...changes(before, after, (row) => row.topic_pattern, 'topic'),
        ].join('\n');
      },
    },
    {
      describe: 'Which sender or topic is busiest in the last 24 hours?',
      async answer(prompt) {
        const quietest = QUIETEST.test(prompt);
        if (!quietest && !BUSIEST.test(prompt)) return null;
        const { rows, when } = await rowsOf(windowOf(prompt));
        if (rows.length === 0) return `I counted no message ${when}.`;
        const byTopic = /\btopics?\b|\bchannels?\b/i.test(prompt);
        const byHour = /\b(?:which|what) hour\b|\bbusiest hour\b/i.test(prompt);
        const bySender = /\bsenders?\b|\bmads?\b|\bwho\b|\bagents?\b|\bservices?\b/i.test(prompt);
        const ranked = (key: (row: Stat) => string, noun: string, silent: readonly string[] = []): string =>
          quietest ? quietestOf(rows, key, noun, silent) : busiestOf(rows, key, noun);
        // A MAD that said nothing at all has no row, and is the quietest.
        const mads = quietest ? (await connections()).map((one) => one.mad_id) : [];
        const parts = [
          ...(bySender || !(byTopic || byHour) ? [ranked((row) => row.sender_id, 'sender', mads)] : []),
          ...(byTopic || !(bySender || byHour) ? [ranked((row) => row.topic_pattern, 'topic')] : []),
          ...(byHour ? [ranked((row) => utcMinute(Date.parse(row.hour_timestamp)), 'hour')] : []),
        ];
        return `${when.charAt(0).toUpperCase()}${when.slice(1)}:\n${parts.join('\n')}`;
      },
    },
    {
      describe: 'How many messages did fiedler send in the last 3 hours?',
      async answer(prompt) {
        if (!TRAFFIC.test(prompt) || !COUNT.test(prompt)) return null;
        const { rows, when } = await rowsOf(windowOf(prompt));
        const known = [
          ...rows.map((row) => row.sender_id),
          ...(await connections()).map((one) => one.mad_id),
        ];
        const names = findNames(prompt, known);
        const unknown = names.length === 0 ? namedSender(prompt) : null;
        const senders =
          unknown === null || parseTopicPattern(prompt) === topicPattern(unknown) ? names : [unknown];
        const topic = parseTopicPattern(prompt);
        const asked = topic === null ? rows : rows.filter((row) => row.topic_pattern === topic);
        const onTopic = topic === null ? '' : ` on ${topic}`;
        if (senders.length > 0) {
          return senders
            .map((sender) => {
              const own = asked.filter((row) => row.sender_id === sender);
              const detail =
                topic === null && own.length > 0 ? `: ${breakdown(own, (row) => row.topic_pattern)}` : '';
              const note = unknown === null ? '' : ' I know no sender of that name.';
              return `${sender} sent ${counted(total(own), 'message')}${onTopic} ${when}${detail}.${note}`;
            })
            .join('\n');
        }
        const detail = asked.length === 0 ? '' : ` By sender: ${breakdown(asked, (row) => row.sender_id)}.`;
        return `${counted(total(asked), 'message')}${onTopic} ${when}.${detail}`;
      },
    },
  ];
}

const breakdown = (rows: readonly Stat[], key: (row: Stat) => string): string => shown(totalsBy(rows, key));

const shown = (totals: readonly [string, number][]): string => {
  const first = totals.slice(0, MAX_ROWS).map(([name, count]) => `${name} ${count.toLocaleString('en-US')}`);
  return first.join(', ') + (totals.length > MAX_ROWS ? `, and ${totals.length - MAX_ROWS} more` : '');
};

function quietestOf(
  rows: readonly Stat[],
  key: (row: Stat) => string,
  noun: string,
  silent: readonly string[],
): string {
  const spoken = totalsBy(rows, key);
  const known = new Set(spoken.map(([name]) => name));
  const zeros = silent.filter((name) => !known.has(name)).map((name): [string, number] => [name, 0]);
  const totals = [...spoken, ...zeros].sort(([aName, a], [bName, b]) => a - b || aName.localeCompare(bName));
  const [, fewest] = totals[0] as [string, number];
  const names = totals.filter(([, count]) => count === fewest).map(([name]) => name);
  const subject = names.length === 1 ? `${noun} is` : `${noun}s are`;
  const each = names.length === 1 ? '' : ' each';
  return `The quietest ${subject} ${names.slice(0, MAX_ROWS).join(', ')} with ${counted(fewest, 'message')}${each} (${shown(totals)}).`;
}

const busiestOf = (rows: readonly Stat[], key: (row: Stat) => string, noun: string): string => {
  const [first] = totalsBy(rows, key) as [[string, number]];
  return `The busiest ${noun} is ${first[0]} with ${counted(first[1], 'message')} (${breakdown(rows, key)}).`;
};

function change(before: number, after: number): string {
  if (before === after) return 'No change.';
  const difference = Math.abs(after - before).toLocaleString('en-US');
  const percent = before === 0 ? '' : `, ${Math.round((Math.abs(after - before) / before) * 100)} %`;
  return `That is ${difference} ${after > before ? 'more' : 'fewer'}${percent}.`;
}

function changes(
  before: readonly Stat[],
  after: readonly Stat[],
  key: (row: Stat) => string,
  noun: string,
): string[] {
  const earlier = new Map(totalsBy(before, key));
  const later = new Map(totalsBy(after, key));
  return [...new Set([...earlier.keys(), ...later.keys()])]
    .map((name) => ({ name, from: earlier.get(name) ?? 0, to: later.get(name) ?? 0 }))
    .sort((a, b) => Math.abs(b.to - b.from) - Math.abs(a.to - a.from) || a.name.localeCompare(b.name))
    .slice(0, MAX_ROWS)
    .map(
      ({ name, from, to }) =>
        `- ${noun} ${name}: ${from.toLocaleString('en-US')} → ${to.toLocaleString('en-US')}`,
    );
}
