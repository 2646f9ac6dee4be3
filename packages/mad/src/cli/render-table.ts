import { ConnectionSchema, StatSchema, TaskSchema, type TaskStatus } from '@mad-group/protocol';
import Table from 'cli-table3';
import { z } from 'zod';
import type { ToolReply } from '../client/tool-client.ts';
import { durationWords } from './durations.ts';
import { type CliIo, type Colors, forTerminal, stdoutColors } from './io.ts';

type Renderer = (reply: ToolReply, io: CliIo, colors: Colors) => string | null;

const RENDERERS: readonly (readonly [RegExp, Renderer])[] = [
  [/^rogers_get_connections$/, connectionsTable],
  [/^rogers_get_stats$/, statsTable],
  [/_list_tasks$/, tasksTable],
];

/** The reply as a table, or null where this tool has none or the reply is of another shape. */
export function renderTable(tool: string, reply: ToolReply, io: CliIo): string | null {
  const renderer = RENDERERS.find(([pattern]) => pattern.test(tool))?.[1];
  return renderer ? renderer(reply, io, stdoutColors(io)) : null;
}

function connectionsTable(reply: ToolReply, _io: CliIo, colors: Colors): string | null {
  const rows = z.array(ConnectionSchema).safeParse(reply.connections).data;
  if (!rows) return null;
  if (rows.length === 0) return 'No MAD has been seen yet.\n';
  const paint = {
    CONNECTED: colors.cyan,
    HEALTHY: colors.green,
    STALE: colors.yellow,
    DISCONNECTED: colors.red,
  };
  return draw(
    ['MAD', 'Status', 'Connected at (UTC)', 'Last heartbeat (UTC)'],
    rows.map((row) => [
      forTerminal(row.mad_id),
      paint[row.status](row.status),
      timeWords(row.connected_at),
      `${timeWords(row.last_heartbeat)} ${colors.dim(`(${agoWords(row.last_heartbeat)})`)}`,
    ]),
    colors,
  );
}

function statsTable(reply: ToolReply, _io: CliIo, colors: Colors): string | null {
  const rows = z.array(StatSchema).safeParse(reply.stats).data;
  if (!rows) return null;
  if (rows.length === 0) return 'No messages in these hours.\n';
  const total = rows.reduce((sum, row) => sum + row.total_messages, 0);
  return draw(
    ['Hour (UTC)', 'Sender', 'Topics', 'Messages'],
    [
      ...rows.map((row) => [
        timeWords(row.hour_timestamp),
        forTerminal(row.sender_id),
        forTerminal(row.topic_pattern),
        row.total_messages.toLocaleString('en-US'),
      ]),
      [colors.bold('Total'), '', '', colors.bold(total.toLocaleString('en-US'))],
    ],
    colors,
    ['left', 'left', 'left', 'right'],
  );
}

function tasksTable(reply: ToolReply, io: CliIo, colors: Colors): string | null {
  const rows = z.array(TaskSchema).safeParse(reply.tasks).data;
  if (!rows) return null;
  if (rows.length === 0) return 'No tasks.\n';
  const promptWidth = Math.max(16, io.columns - 100);
  const paint: Readonly<Record<TaskStatus, (text: string) => string>> = {
    PENDING: colors.dim,
    RUNNING: colors.cyan,
    STREAMING: colors.cyan,
    COMPLETED: colors.green,
    FAILED: colors.red,
    CANCELLED: colors.yellow,
  };
  const table = draw(
    ['Task', 'Status', 'Created (UTC)', 'Took', 'Prompt'],
    rows.map((row) => [
      forTerminal(row.task_id),
      paint[row.status](row.status),
      timeWords(row.created_at),
      row.started_at && row.finished_at
        ? durationWords(Date.parse(row.finished_at) - Date.parse(row.started_at))
        : '',
      crop(row.prompt, promptWidth),
    ]),
    colors,
  );
  const next = reply.next_before;
  return typeof next === 'string' ? `${table}${colors.dim(`More: before=${forTerminal(next)}`)}\n` : table;
}

type Align = 'left' | 'right';

function draw(head: string[], rows: string[][], colors: Colors, align?: Align[]): string {
  const table = new Table({
    head: head.map((name) => colors.bold(name)),
    style: { head: [], border: [], compact: true },
    ...(align ? { colAligns: align } : {}),
  });
  table.push(...rows);
  return `${table.toString()}\n`;
}

/** `2026-01-31 09:05:03`, in UTC as everything that MADs write. */
function timeWords(timestamp: string): string {
  const timeMs = Date.parse(timestamp);
  if (Number.isNaN(timeMs)) return forTerminal(timestamp);
  return new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ');
}

function agoWords(timestamp: string): string {
  const ageMs = Date.now() - Date.parse(timestamp);
  return Number.isNaN(ageMs) ? '?' : `${durationWords(ageMs)} ago`;
}

function crop(text: string, width: number): string {
  const flat = forTerminal(text.replaceAll(/\s+/g, ' '));
  return flat.length > width ? `${flat.slice(0, width - 1)}…` : flat;
}
