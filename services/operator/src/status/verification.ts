import { randomUUID } from 'node:crypto';
import { connectTools } from '@mad-group/mad';
import { mcpUrl, verifyMcp } from '@mad-group/mad/verify';
import { MadError } from '@mad-group/protocol';

/** What the MADs of a group said when they were asked. */
export interface Verification {
  /** In sentences for people; none where all is well. */
  readonly problems: readonly string[];
  /** As each says itself, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Whether a word was said on the bus and came back; without Grace nobody there can say one. */
  readonly isHeard: boolean;
}

export interface VerifyGroupOptions {
  /** WebSocket address of each MAD, by name. */
  readonly urls: Readonly<Record<string, string>>;
  readonly token: string;
  /** Longest wait for each, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Talks MCP to every MAD, and says a word on the bus that must come back. */
export async function verifyGroup(options: VerifyGroupOptions): Promise<Verification> {
  const { urls, token, timeoutMs, signal } = options;
  const problems: string[] = [];
  const versions: Record<string, string> = {};
  const asked = Object.entries(urls).map(async ([name, url]) => {
    const { version } = await verifyMcp(mcpUrl(url), { token, timeoutMs, signal });
    versions[name] = version;
  });
  const heard = urls.grace === undefined ? [] : [loopBack(urls.grace, options)];
  for (const outcome of await Promise.allSettled([...asked, ...heard])) {
    if (outcome.status === 'rejected') problems.push(messageOf(outcome.reason));
  }
  return { problems, versions, isHeard: heard.length > 0 && problems.length === 0 };
}

/** Through Grace, from the log: what is published must be read behind the place where it began. */
async function loopBack(url: string, { token, timeoutMs, signal }: VerifyGroupOptions): Promise<void> {
  const client = await connectTools(url, { token, connectTimeoutMs: timeoutMs, signal });
  const client_id = `mad-operator-${randomUUID()}`;
  const channel = 'mad.topic.verification';
  const payload = { word: randomUUID() };
  try {
    const { position } = await client.callOrThrow(
      'grace_subscribe',
      { client_id, topics: [channel] },
      { timeoutMs, signal },
    );
    await client.callOrThrow('grace_send_message', { channel, payload }, { timeoutMs, signal });
    const wait_ms = Math.min(timeoutMs, 10_000);
    const reply = await client.callOrThrow(
      'grace_poll_messages',
      { client_id, after: position, wait_ms },
      { timeoutMs: wait_ms + 5_000, signal },
    );
    const messages = reply.messages as readonly { readonly payload?: { readonly word?: unknown } }[];
    if (!messages.some((message) => message.payload?.word === payload.word)) {
      throw new MadError(
        'bus_unavailable',
        'A word that was said on the bus did not come back through Grace.',
      );
    }
    await client.callOrThrow('grace_unsubscribe', { client_id }, { timeoutMs, signal });
  } finally {
    await client.close();
  }
}

/** Secrets come to pods when the kubelet next looks after them; until then the MAD knows the old tokens. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, url] = /^(\S+) .*\(HTTP 401\)/.exec(message) ?? [];
  return url === undefined
    ? message
    : `${url} does not know the token of admin: one that was made anew reaches it within two minutes.`;
}
