/** Channel on which every MAD beats. */
export const HEARTBEAT_CHANNEL = 'mad.system.heartbeat';
/** Pattern that means every channel. */
export const ALL_CHANNELS = 'mad.#';

export const directChannel = (recipientId: string): string => `mad.direct.${recipientId}`;
export const topicChannel = (topic: string): string => `mad.topic.${topic}`;
export const streamChannel = (taskId: string): string => `mad.stream.${taskId}`;

/** Longest channel or pattern, in characters. */
const MAX_CHANNEL_LENGTH = 512;
const CHANNEL = /^mad\.[^\s\p{Cc}]+$/u;

/**
 * Whether a message may be published on this channel: `mad.` and at least one more character, no
 * white space or control characters, and no wildcard at its end, which would read as a pattern.
 */
export function isChannel(value: string): boolean {
  return value.length <= MAX_CHANNEL_LENGTH && CHANNEL.test(value) && !/[*#]$/.test(value);
}

/** Whether a channel can match it: `mad.#`, a channel, or its beginning with a `*` behind. */
export const isPattern = (value: string): boolean =>
  value === ALL_CHANNELS || isChannel(value.replace(/\*$/, '.'));

/**
 * A test for channels against patterns: `mad.#` matches all, a trailing `*` is a prefix, anything
 * else is the channel itself. Exact patterns cost one look-up, however many there are.
 */
export function compilePatterns(patterns: Iterable<string>): (channel: string) => boolean {
  const exact = new Set<string>();
  const prefixes: string[] = [];
  for (const pattern of patterns) {
    if (pattern === ALL_CHANNELS) return () => true;
    if (pattern.endsWith('*')) prefixes.push(pattern.slice(0, -1));
    else exact.add(pattern);
  }
  if (prefixes.length === 0) return (channel) => exact.has(channel);
  return (channel) => exact.has(channel) || prefixes.some((prefix) => channel.startsWith(prefix));
}

const PATTERN_PARTS = new Set(['direct', 'topic', 'stream', 'system']);

/** The group that a channel is counted under: `mad.direct`, `mad.topic`, … `mad.other`, `mad.unknown`. */
export function topicPattern(channel: string): string {
  const [, part] = channel.split('.', 2);
  if (part === undefined || part === '') return 'mad.unknown';
  return PATTERN_PARTS.has(part) ? `mad.${part}` : 'mad.other';
}
