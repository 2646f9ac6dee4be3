import { positionTimeMs } from '@mad-group/protocol';
import type { LoggedMessage, LogPage } from './grace-log.ts';

/** Which messages of the log are wanted, and where they end. */
export interface Selection {
  readonly correlationId: string | null;
  readonly conversationId: string | null;
  /** The last moment, by the log's clock, in milliseconds since 1970. */
  readonly untilMs: number | null;
  /** Goes on at the log's end, with what comes. */
  readonly follow: boolean;
}

/** The pages up to where the selection ends, each with the messages that it wants. */
export async function* readSpan(
  pages: AsyncIterable<LogPage>,
  selection: Selection,
  now: () => number = Date.now,
): AsyncGenerator<LogPage> {
  const { correlationId, conversationId, follow } = selection;
  const untilMs = selection.untilMs ?? Number.POSITIVE_INFINITY;
  const isWanted = (message: LoggedMessage): boolean =>
    (correlationId === null || message.correlation_id === correlationId) &&
    (conversationId === null || message.conversation_id === conversationId);

  for await (const page of pages) {
    const end = page.messages.findIndex(({ position }) => positionTimeMs(position) > untilMs);
    const within = end < 0 ? page.messages : page.messages.slice(0, end);
    yield { ...page, messages: within.filter(isWanted) };
    if (positionTimeMs(page.position) > untilMs) return;
    if (page.caughtUp && (!follow || now() > untilMs)) return;
  }
}
