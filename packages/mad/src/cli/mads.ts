import { EnvironmentSchema } from '../config.ts';
import { UsageError } from './io.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A MAD as the commands know it before they have talked to it. */
export interface MadTarget {
  readonly id: string;
  /** As people call it. */
  readonly name: string;
  /** As mad-status heads it, where the MAD itself cannot be asked. */
  readonly title: string;
  readonly url: string;
  /** Key of the environment that moves it; null where the address was given. */
  readonly urlKey: string | null;
}

interface KnownMad {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly toolPrefix: string;
}

const KNOWN: readonly KnownMad[] = [
  { id: 'grace', name: 'Grace', title: 'GraceV0', toolPrefix: 'grace_' },
  { id: 'rogers', name: 'Rogers', title: 'RogersV1', toolPrefix: 'rogers_' },
  { id: 'fiedler', name: 'Fiedler', title: 'FiedlerV1', toolPrefix: 'fiedler_' },
  {
    id: 'sequential-thinking',
    name: 'Sequential Thinking',
    title: 'SequentialThinking',
    toolPrefix: 'perform_sequential_thinking',
  },
];

/** `mad_get_status`, `mad_list_tools`: every MAD has them. */
const BUILT_IN = /^mad_/;

/** As people call the MAD of this id. */
export const nameOf = (id: string): string => KNOWN.find((mad) => mad.id === id)?.name ?? id;

const knownNames = KNOWN.map((mad) => mad.id).join(', ');
const normalId = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, '-');
const keyOf = (id: string, what: 'URL' | 'PORT'): string =>
  `${id.toUpperCase().replaceAll('-', '_')}_${what}`;

/** The MAD in whose container this runs. */
const ownId = (env: Env): string | null => (env.MAD_ID ? normalId(env.MAD_ID) : null);

/**
 * The four of the group, at their addresses. Inside a MAD's container (`MAD_ID`) only itself and
 * those that have an address in the environment: nothing else is on that loopback.
 */
export function groupTargets(env: Env): MadTarget[] {
  const own = ownId(env);
  const reachable = KNOWN.filter((mad) => own === null || mad.id === own || env[keyOf(mad.id, 'URL')]);
  const targets = reachable.map((mad) => target(mad, env));
  return own === null || reachable.some((mad) => mad.id === own)
    ? targets
    : [targetByName(own, env), ...targets];
}

/** The MAD at an address that was given. */
export const targetAt = (url: string, name: string | undefined): MadTarget => ({
  id: name ?? 'mad',
  name: name ?? url,
  title: name ?? url,
  url,
  urlKey: null,
});

/**
 * A MAD by its name. One beyond the four is found where the environment says its address, as
 * `HOPPER_URL` or `HOPPER_PORT` do for `hopper`; the one of this container at `MAD_PORT`, too.
 *
 * @throws UsageError where there is none
 */
export function targetByName(name: string, env: Env): MadTarget {
  const id = normalId(name);
  const known = KNOWN.find((mad) => mad.id === id);
  if (known) return target(known, env);
  if (!hasAddress(id, env)) {
    throw new UsageError(
      `No MAD '${name}' is known. The four are ${knownNames}; for another one set ${keyOf(id, 'URL')}.`,
    );
  }
  return target({ id, name: id, title: id }, env);
}

/**
 * The MAD that has a tool, by the tool's name; null where the name says nothing.
 *
 * @throws UsageError for a tool that every MAD has, where nothing says which one is meant
 */
export function targetOfTool(tool: string, env: Env): MadTarget | null {
  if (BUILT_IN.test(tool)) {
    if (env.MAD_ID) return targetByName(env.MAD_ID, env);
    throw new UsageError(`${tool} is a tool of every MAD: say which one with --mad (${knownNames}).`);
  }
  const known = KNOWN.find((mad) => tool.startsWith(mad.toolPrefix));
  if (known) return target(known, env);
  const own = ownId(env);
  if (own !== null && tool.startsWith(`${own.replaceAll('-', '_')}_`)) return targetByName(own, env);
  const id = tool.split('_', 1)[0] ?? '';
  return id !== '' && hasAddress(id, env) ? targetByName(id, env) : null;
}

const hasAddress = (id: string, env: Env): boolean =>
  id === ownId(env) || Boolean(env[keyOf(id, 'URL')] || env[keyOf(id, 'PORT')]);

function target(mad: Omit<KnownMad, 'toolPrefix'>, env: Env): MadTarget {
  const urlKey = keyOf(mad.id, 'URL');
  const given = env[urlKey];
  return {
    id: mad.id,
    name: mad.name,
    title: mad.title,
    url: given || localUrl(mad.id, env),
    urlKey: given ? null : urlKey,
  };
}

const ANY_ADDRESS = new Set(['', '0.0.0.0', '::']);

function localUrl(id: string, env: Env): string {
  const named = keyOf(id, 'PORT');
  const key = named in EnvironmentSchema.shape || env[named] ? named : 'MAD_PORT';
  const schema = (EnvironmentSchema.shape as Record<string, { safeParse(value: unknown): PortResult }>)[key];
  const given = env[key] || undefined;
  const port = schema ? schema.safeParse(given) : { success: true, data: given };
  if (!port.success) throw new UsageError(`${key} is '${given}', which is no port.`);
  const host = env.HOST ?? '';
  const address = ANY_ADDRESS.has(host) ? '127.0.0.1' : host;
  return `ws://${address.includes(':') ? `[${address}]` : address}:${port.data}`;
}

interface PortResult {
  readonly success: boolean;
  readonly data?: unknown;
}
