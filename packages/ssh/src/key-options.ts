import { parseIsoTime } from '@mad-group/protocol';
import { KeyRefusal } from './public-key.ts';
import { type AddressTest, parseAddressPatterns } from './source-address.ts';

/** What the options before a key allow whoever logs in with it. */
export interface KeyOptions {
  /** The only command that runs, whatever is asked for. */
  readonly command: string | null;
  /** Whether there may be a terminal, and so a prompt. */
  readonly terminal: boolean;
  /** Null where any address will do. */
  readonly from: AddressTest | null;
  /** From when on it is no longer taken, in milliseconds since 1970; null where it never ends. */
  readonly expiresMs: number | null;
  /** For keys in tokens: whether somebody must touch it, and whether its PIN must be given. */
  readonly touch: boolean;
  readonly verify: boolean;
}

type Draft = { -readonly [Key in keyof KeyOptions]: KeyOptions[Key] };

const NO_OPTIONS: KeyOptions = {
  command: null,
  terminal: true,
  from: null,
  expiresMs: null,
  touch: true,
  verify: false,
};

/** Options without a value: what each changes. What they forbid beside a terminal is not there at all. */
const FLAGS: Readonly<Record<string, Partial<KeyOptions>>> = {
  restrict: { terminal: false },
  pty: { terminal: true },
  'no-pty': { terminal: false },
  'no-agent-forwarding': {},
  'no-port-forwarding': {},
  'no-x11-forwarding': {},
  'no-user-rc': {},
  'no-touch-required': { touch: false },
  'verify-required': { verify: true },
};

/** Options of OpenSSH that ask for what is not here, or would promise a limit that is not kept. */
const REFUSED: Readonly<Record<string, string>> = {
  'agent-forwarding': 'nothing is forwarded here',
  'port-forwarding': 'nothing is forwarded here',
  'x11-forwarding': 'nothing is forwarded here',
  permitopen: 'nothing is forwarded here',
  permitlisten: 'nothing is forwarded here',
  tunnel: 'there are no tunnels here',
  'user-rc': 'there is no shell here',
  environment: 'commands have no environment here',
  'cert-authority': 'certificates are not taken here',
  principals: 'certificates are not taken here',
};

/** One option, with what stands behind it: `,` where another follows. */
const OPTION = /([A-Za-z0-9-]+)(?:="((?:[^"\\]|\\.)*)")?(,|$)/y;

/**
 * The options of a line: `restrict,command="mad-status"`. Their names are not case-sensitive.
 *
 * @throws KeyRefusal, in words, for what is unknown, wrongly written, or not kept here
 */
export function parseKeyOptions(text: string, isCommand: (line: string) => boolean): KeyOptions {
  const options: Draft = { ...NO_OPTIONS };
  const given = new Set<string>();
  OPTION.lastIndex = 0;
  let more = text !== '';
  while (more) {
    const at = OPTION.lastIndex;
    const [, word, quoted, behind] = OPTION.exec(text) ?? [];
    if (word === undefined)
      throw new KeyRefusal(`its options cannot be read from '${text.slice(at, at + 30)}' on`);
    const name = word.toLowerCase();
    if (given.has(name)) throw new KeyRefusal(`the option ${name} is there twice`);
    given.add(name);
    Object.assign(options, effectOf(name, quoted?.replaceAll('\\"', '"'), isCommand));
    more = behind === ',';
  }
  return options;
}

function effectOf(
  name: string,
  value: string | undefined,
  isCommand: (line: string) => boolean,
): Partial<KeyOptions> {
  const refused = REFUSED[name];
  if (refused !== undefined) throw new KeyRefusal(`the option ${name} is not supported: ${refused}`);
  const flag = FLAGS[name];
  if (flag) {
    if (value !== undefined) throw new KeyRefusal(`the option ${name} takes no value`);
    return flag;
  }
  const parse = VALUES[name];
  if (!parse) throw new KeyRefusal(`there is no option ${name}`);
  if (value === undefined || value === '')
    throw new KeyRefusal(`the option ${name} needs a value: ${name}="…"`);
  return parse(value, isCommand);
}

const VALUES: Readonly<
  Record<string, (value: string, isCommand: (line: string) => boolean) => Partial<KeyOptions>>
> = {
  command(value, isCommand) {
    if (isCommand(value)) return { command: value };
    throw new KeyRefusal(`command="${value.slice(0, 80)}" is no command of this MAD`);
  },
  from(value) {
    try {
      return { from: parseAddressPatterns(value) };
    } catch (error) {
      throw new KeyRefusal((error as Error).message);
    }
  },
  'expiry-time': (value) => ({ expiresMs: parseExpiry(value) }),
};

/** `YYYYMMDD[Z]` or `YYYYMMDDHHMM[SS][Z]`, in the zone of the process without the Z: sshd(8). */
function parseExpiry(value: string): number {
  const [, year, month, day, hour = '00', minute = '00', second = '00', zone = ''] =
    /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z)?$/i.exec(value) ?? [];
  const timeMs = parseIsoTime(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone.toUpperCase()}`);
  if (Number.isNaN(timeMs)) {
    throw new KeyRefusal(`expiry-time="${value}" is no time: YYYYMMDD or YYYYMMDDHHMM[SS], with Z for UTC`);
  }
  return timeMs;
}
