import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryBus } from '@mad-group/bus';
import { buildGroup } from '@mad-group/group';
import { createCallers, createMetrics, loadConfig, type Mad } from '@mad-group/mad';
import { silentLogger, type ToolDefinition } from '@mad-group/protocol';
import { z } from 'zod';
import { code, page, table } from './markdown.ts';

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** Every MAD's tools, built as `npm start` builds them, without starting one. */
export async function toolsPage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mad-reference-'));
  try {
    const bus = createMemoryBus({ log: silentLogger });
    const config = loadConfig({ DATA_DIR: folder });
    const callers = createCallers({ host: config.HOST, auth: 'on', log: silentLogger });
    const metrics = createMetrics({ processMetrics: false });
    const mads = (await buildGroup({ bus, config, callers, metrics, log: silentLogger })).start.flat();
    const text = page(
      'Tools',
      'Each tool is declared once and served alike over WebSocket (`{"tool_name", "tool_input"}`), MCP, the bus (`mad.direct.{mad}`) and `mad-cli`. `correlation_id` may be given to every tool and goes through every hop and log line. Fields that are not listed are ignored.',
      [everyMadSection(mads[0] as Mad), ...mads.map(madSection)].join('\n\n'),
    );
    for (const mad of mads) await mad.stop({ deadlineMs: 0 });
    return text;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const isEveryMads = (tool: ToolDefinition): boolean => tool.name.startsWith('mad_');

const everyMadSection = (mad: Mad): string =>
  `## Every MAD\n\n${mad.tools.filter(isEveryMads).map(toolSection).join('\n\n')}`;

function madSection(mad: Mad): string {
  const own = mad.tools.filter((tool) => !isEveryMads(tool));
  return `## ${mad.title}\n\n${own.map(toolSection).join('\n\n')}`;
}

function toolSection(tool: ToolDefinition): string {
  const traits = [`scope ${code(tool.scope)}`, tool.readOnly ? 'reads only' : 'acts'];
  return [
    `### ${tool.name}`,
    `${tool.description} (${traits.join(', ')})`,
    fields('Input', z.toJSONSchema(tool.input, { io: 'input' }) as JsonSchema),
    fields('Reply', z.toJSONSchema(tool.output, { io: 'output' }) as JsonSchema),
  ].join('\n\n');
}

/** How the column says that a field is there: asked for in an input, promised in a reply. */
const THERE = {
  Input: { heading: 'required', word: 'yes' },
  Reply: { heading: '', word: 'always' },
} as const;

function fields(title: keyof typeof THERE, schema: JsonSchema): string {
  const there = THERE[title];
  const rows = Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== 'correlation_id' || title === 'Reply')
    .map(([name, field]) => [
      code(name),
      typeOf(field),
      schema.required?.includes(name) ? there.word : '',
      field.description ?? '',
    ]);
  if (rows.length === 0) return `${title}: nothing.`;
  return table([title, 'type', there.heading, 'meaning'], rows);
}

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  if (schema.properties) {
    return `object {${Object.keys(schema.properties).join(', ')}}`;
  }
  const range = [
    schema.minimum === undefined ? '' : ` from ${schema.minimum}`,
    schema.maximum === undefined || schema.maximum > 1e15 ? '' : ` to ${schema.maximum}`,
  ].join('');
  const length = schema.maxLength === undefined ? '' : `, at most ${schema.maxLength} characters`;
  return `${[schema.type].flat().join(' or ') || 'any'}${range}${length}`;
}
