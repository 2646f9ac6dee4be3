import { type CliIo, forTerminal, stdoutColors } from './io.ts';
import type { ToolEntry } from './tool-catalogue.ts';
import { type FieldSchema, type InputSchema, typeName } from './tool-input.ts';

/** What `mad-cli TOOL --help` prints: what the tool does, its fields as a table, an example. */
export async function toolHelp(tool: ToolEntry, io: CliIo): Promise<string> {
  const colors = stdoutColors(io);
  const schema = tool.input_schema as InputSchema;
  const fields = Object.entries(schema.properties ?? {});
  const required = new Set(schema.required ?? []);
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: ['Field', 'Type', 'Required', 'Description'].map((head) => colors.bold(head)),
    style: { head: [], border: [], compact: true },
    ...(io.isTTY ? {} : { chars: PLAIN }),
    wordWrap: true,
    colWidths: columnWidths(fields, io),
  });
  for (const [name, field] of fields) {
    table.push([
      colors.cyan(name),
      typeWords(field),
      required.has(name) ? 'yes' : 'no',
      field.description ?? '',
    ]);
  }
  const json = JSON.stringify(exampleInput(schema));
  return [
    `${colors.bold(tool.name)}  ${forTerminal(tool.title)}`,
    '',
    forTerminal(tool.description),
    '',
    `Scope: ${tool.scope}${tool.read_only ? ' (changes nothing)' : ''}`,
    '',
    ...(fields.length === 0 ? ['It takes no fields.'] : [table.toString()]),
    '',
    'Example',
    `  mad-cli ${tool.name}${json === '{}' ? '' : ` '${json}'`}`,
    ...(tool.name.endsWith('_converse')
      ? [`  mad-cli --follow ${tool.name} prompt='Is everything up?'`]
      : []),
    '',
  ].join('\n');
}

/** Widest of the types column; a list of values is wrapped in it. */
const TYPE_WIDTH = 28;

/** The description gets what the other columns leave of the terminal. */
function columnWidths(fields: readonly (readonly [string, FieldSchema])[], io: CliIo): number[] {
  const widest = (texts: string[], least: number): number =>
    Math.max(least, ...texts.map((text) => text.length));
  const name = widest(
    fields.map(([field]) => field),
    5,
  );
  const type = Math.min(
    TYPE_WIDTH,
    widest(
      fields.map(([, field]) => typeWords(field)),
      4,
    ),
  );
  const taken = [name + 2, type + 2, 'Required'.length + 2];
  const left = Math.min(io.columns, 130) - taken.reduce((sum, width) => sum + width, 0) - 5;
  return [...taken, Math.max(24, left)];
}

/** Columns parted by blanks alone, for pipes. */
const PLAIN = Object.fromEntries(
  [
    ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ]
    .flat()
    .map((part) => [part, '']),
);

/** `string`, `list of string`, `PENDING | RUNNING | …`. */
function typeWords(field: FieldSchema): string {
  if (field.enum) return field.enum.map(String).join(' | ');
  const type = typeName(field);
  if (type !== 'array') return type;
  return field.items ? `list of ${typeName(field.items)}` : 'list';
}

/** The required fields with values that read as what they are for. */
function exampleInput(schema: InputSchema): Record<string, unknown> {
  const entries = (schema.required ?? []).map((name) => [
    name,
    exampleValue(name, schema.properties?.[name]),
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

const EXAMPLES: Readonly<Record<string, unknown>> = {
  prompt: 'Is everything up?',
  requester_id: 'ops-team',
  channel: 'mad.topic.system_events',
  payload: { text: 'hello' },
  client_id: 'my-laptop',
  topics: ['mad.#'],
  task_id: '4f9c1c1e-2a30-4d51-9a53-0f2f6f1f6f10',
};

function exampleValue(name: string, field: FieldSchema | undefined): unknown {
  if (Object.hasOwn(EXAMPLES, name)) return EXAMPLES[name];
  if (field?.enum) return field.enum[0];
  const byType: Readonly<Record<string, unknown>> = {
    integer: 1,
    number: 1,
    boolean: true,
    array: [],
    object: {},
  };
  return byType[field ? typeName(field) : 'string'] ?? `some ${name}`;
}
