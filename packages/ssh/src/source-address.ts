import { BlockList, isIP } from 'node:net';

/** Whether an address is among those of `from="…"`. */
export type AddressTest = (address: string) => boolean;

/**
 * The patterns of `from=`: addresses, networks (`10.0.0.0/8`), addresses with `*` and `?`, each with
 * `!` before it to keep out. One must fit, and none of those that keep out.
 *
 * @throws Error, in words, for what is no such pattern. Host names are none: they are not looked up.
 */
export function parseAddressPatterns(list: string): AddressTest {
  const patterns = list.split(',').map((text) => {
    const keepsOut = text.startsWith('!');
    return { keepsOut, fits: parsePattern(keepsOut ? text.slice(1) : text) };
  });
  return (given) => {
    const address = plainAddress(given);
    const fitting = patterns.filter(({ fits }) => fits(address));
    return fitting.length > 0 && fitting.every(({ keepsOut }) => !keepsOut);
  };
}

/** IPv4 as it is where it comes in an IPv6 socket: `::ffff:10.0.0.1`. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=[\d.]+$)/i, '');

function parsePattern(pattern: string): AddressTest {
  if (isIP(pattern) !== 0) return network(pattern, pattern.includes(':') ? 128 : 32, pattern);
  const [, base, length] = /^([^/]+)\/(\d{1,3})$/.exec(pattern) ?? [];
  if (base !== undefined) return network(base, Number(length), pattern);
  if (!/^[\da-f:.*?]+$/i.test(pattern) || !/[*?]/.test(pattern)) throw new Error(notAPattern(pattern));
  const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, 'i');
  return (address) => expression.test(address);
}

function network(base: string, length: number, pattern: string): AddressTest {
  const family = isIP(base);
  if (family === 0 || length > (family === 4 ? 32 : 128)) throw new Error(notAPattern(pattern));
  const list = new BlockList();
  list.addSubnet(base, length, family === 4 ? 'ipv4' : 'ipv6');
  return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

const notAPattern = (pattern: string): string =>
  `from= takes addresses, networks such as 10.0.0.0/8, and * in addresses, not '${pattern}'; names are not looked up`;
