import { type Running, start } from './process.ts';

type ReaderLine =
  | { readonly kind: 'message'; readonly position: string; readonly messageId: string }
  | { readonly kind: 'gap'; readonly reason: string; readonly from: string; readonly to: string };

/** A process that reads the log of the bus. */
export interface BusReader {
  readonly running: Running;
  /** What it has read, in order. */
  readonly lines: readonly ReaderLine[];
  /** Whether it has read this message. */
  has(messageId: string): boolean;
  stop(): Promise<void>;
}

export function startBusReader(redisUrl: string): BusReader {
  const running = start('node', ['test/kit/bus-reader-main.ts'], { REDIS_URL: redisUrl });
  const lines: ReaderLine[] = [];
  const ids = new Set<string>();
  let rest = '';
  running.child.stdout?.on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const [kind, a = '', b = '', c = ''] = part.split(' ');
      if (kind === 'gap') lines.push({ kind, reason: a, from: b, to: c });
      else {
        lines.push({ kind: 'message', position: a, messageId: b });
        ids.add(b);
      }
    }
  });
  return {
    running,
    lines,
    has: (messageId) => ids.has(messageId),
    async stop() {
      await running.stop();
    },
  };
}
