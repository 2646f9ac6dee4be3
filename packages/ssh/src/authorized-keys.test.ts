import fc from 'fast-check';
import ssh2 from 'ssh2';
import { describe, expect, test } from 'vitest';
import { parseAuthorizedKeys } from './authorized-keys.ts';

const publicLine = (comment = ''): string =>
  ssh2.utils.generateKeyPairSync('ed25519', { comment }).public.trim();
const KEY = publicLine();
const OTHER = publicLine('grace@ship');

const isCommand = (line: string): boolean => line.startsWith('mad-status');
const parse = (...lines: string[]) => parseAuthorizedKeys(lines.join('\n'), isCommand);
const optionsOf = (text: string) => {
  const { keys, problems } = parse(`${text} ${KEY}`);
  expect(problems).toEqual([]);
  return keys[0]?.options;
};
const reasonOf = (line: string) => parse(line).problems[0]?.reason;

describe('authorized_keys', () => {
  test('has comments, blank lines, keys with and without options, and comments of keys', () => {
    const { keys, problems } = parse(
      '# people',
      '',
      '  ',
      `  ${KEY}\r`,
      `restrict ${OTHER} and\u001b[2J\tmore`,
    );
    expect(problems).toEqual([]);
    expect(keys.map(({ line, comment, optionText }) => ({ line, comment, optionText }))).toEqual([
      { line: 4, comment: '', optionText: '' },
      { line: 5, comment: 'grace@ship and[2J more', optionText: 'restrict' },
    ]);
  });

  test('a comment goes along with all that is written down, so that it is no book', () => {
    const { keys } = parse(`${KEY} ${'x'.repeat(300_000)}`);
    expect(keys[0]?.comment).toBe('x'.repeat(200));
  });

  test('keeps the good lines where others are refused, each by its number', () => {
    const rsaLine = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048, comment: 'old@desk' }).public.trim();
    const { keys, problems } = parse(rsaLine, KEY, 'hello', `tunnel="0" ${OTHER}`, KEY);
    expect(keys.map(({ line }) => line)).toEqual([2]);
    expect(problems).toEqual([
      { line: 1, reason: expect.stringContaining('ssh-rsa keys are not taken here') },
      { line: 3, reason: expect.stringContaining('no public key') },
      { line: 4, reason: expect.stringContaining('there are no tunnels here') },
      { line: 5, reason: 'the key of line 2 again' },
    ]);
  });

  test('may hold anything at all without a throw', () => {
    const piece = fc.constantFrom(
      KEY,
      'restrict',
      'command="',
      '"',
      ',',
      ' ',
      '\\"',
      'from="10.0.0.0/8"',
      '\n',
      '#',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (text) => {
          const { keys, problems } = parseAuthorizedKeys(text, isCommand);
          expect(keys.length + problems.length).toBeLessThanOrEqual(text.split('\n').length);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('options', () => {
  test('are respected: restrict, pty, command, and those that forbid what is not here', () => {
    expect(optionsOf('restrict')).toMatchObject({ terminal: false });
    expect(optionsOf('restrict,pty')).toMatchObject({ terminal: true });
    expect(optionsOf('No-PTY')).toMatchObject({ terminal: false });
    expect(optionsOf('restrict,command="mad-status --json"')).toMatchObject({ command: 'mad-status --json' });
    expect(optionsOf('no-agent-forwarding,no-port-forwarding,no-X11-forwarding,no-user-rc')).toMatchObject({
      terminal: true,
      command: null,
    });
    expect(optionsOf('no-touch-required')).toMatchObject({ touch: false, verify: false });
    expect(optionsOf('verify-required')).toMatchObject({ touch: true, verify: true });
  });

  test('say until when a key is taken', () => {
    expect(optionsOf('expiry-time="20260131Z"')?.expiresMs).toBe(Date.UTC(2026, 0, 31));
    expect(optionsOf('expiry-time="202601310905Z"')?.expiresMs).toBe(Date.UTC(2026, 0, 31, 9, 5));
    expect(optionsOf('expiry-time="20260131090503"')?.expiresMs).toBe(
      new Date(2026, 0, 31, 9, 5, 3).getTime(),
    );
    for (const bad of [
      'tomorrow',
      '2026013',
      '20260231Z',
      '202613010000Z',
      '202601312400Z',
      '202601312561Z',
    ]) {
      expect(reasonOf(`expiry-time="${bad}" ${KEY}`), bad).toContain('is no time');
    }
  });

  test.each([
    ['10.1.2.3', ['10.1.2.3'], ['10.1.2.4']],
    ['10.1.0.0/16', ['10.1.2.3', '10.1.255.255'], ['10.2.0.1', '::1']],
    ['10.1.*.?', ['10.1.77.3'], ['10.1.77.33', '110.1.77.3']],
    ['10.0.0.0/8,!10.1.2.3', ['10.1.2.4'], ['10.1.2.3', '192.168.1.1']],
    ['!10.1.2.3', [], ['10.1.2.3', '10.1.2.4']],
    ['2001:db8::/32,fd00::1', ['2001:db8:1::9', 'fd00::1', 'FD00:0::1'], ['2001:db9::1', '10.0.0.1']],
  ])('from="%s" lets in %j and keeps out %j', (patterns, inside, outside) => {
    const from = optionsOf(`from="${patterns}"`)?.from;
    for (const address of inside) expect(from?.(address), address).toBe(true);
    for (const address of outside) expect(from?.(address), address).toBe(false);
    expect(from?.('::ffff:10.1.2.4')).toBe(from?.('10.1.2.4'));
  });

  test.each([
    ['from="desk.example"', "not 'desk.example'; names are not looked up"],
    ['from="10.0.0.0/33"', 'from= takes addresses'],
    ['command="rm -rf /"', 'command="rm -rf /" is no command of this MAD'],
    ['command=""', 'needs a value'],
    ['command', 'needs a value'],
    ['restrict="yes"', 'takes no value'],
    ['restrict,restrict', 'is there twice'],
    ['port-forwarding', 'nothing is forwarded here'],
    ['permitopen="host:22"', 'nothing is forwarded here'],
    ['environment="A=b"', 'commands have no environment here'],
    ['cert-authority', 'certificates are not taken here'],
    ['invented', 'there is no option invented'],
    ['restrict,', "its options cannot be read from '' on"],
    ['restrict;pty', "its options cannot be read from 'restrict;pty' on"],
  ])('%s is refused in words', (text, reason) => {
    expect(reasonOf(`${text} ${KEY}`)).toContain(reason);
  });

  test('of OpenSSH are each known: none is passed over', () => {
    // AUTHORIZED_KEYS FILE FORMAT of sshd(8), OpenSSH 10.
    const all =
      'agent-forwarding cert-authority command environment expiry-time from no-agent-forwarding no-port-forwarding no-pty no-user-rc no-X11-forwarding permitlisten permitopen port-forwarding principals pty no-touch-required verify-required restrict tunnel user-rc X11-forwarding';
    for (const name of all.split(' ')) {
      const reason = reasonOf(`${name} ${KEY}`) ?? '';
      expect(reason, name).not.toContain('there is no option');
    }
  });
});
