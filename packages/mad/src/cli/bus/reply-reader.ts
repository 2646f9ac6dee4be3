import type { LoggedMessage, LogPage } from './grace-log.ts';

/** Who asks over the bus through Grace is answered there. */
export const REPLY_CHANNEL = 'mad.direct.grace';

/** Hears the replies to messages that were sent through Grace. */
export class ReplyReader {
  readonly #replies = new Map<string, LoggedMessage>();
  readonly #waiting = new Map<string, PromiseWithResolvers<LoggedMessage | null>>();
  #failure: Error | null = null;

  /** Resolves when it hears what is sent from then on. It ends with the pages. */
  async start(pages: AsyncGenerator<LogPage>): Promise<void> {
    const first = await pages.next();
    if (!first.done) this.#take(first.value);
    void this.#run(pages);
  }

  /**
   * The reply to a message; null where none comes within the time.
   *
   * @throws what ended the pages, where they ended early
   */
  async replyTo(messageId: string, timeoutMs: number): Promise<LoggedMessage | null> {
    const known = this.#replies.get(messageId);
    if (known) return known;
    if (this.#failure) throw this.#failure;
    const reply = Promise.withResolvers<LoggedMessage | null>();
    this.#waiting.set(messageId, reply);
    const timer = setTimeout(() => reply.resolve(null), timeoutMs);
    return reply.promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(messageId);
    });
  }

  async #run(pages: AsyncGenerator<LogPage>): Promise<void> {
    try {
      for await (const page of pages) this.#take(page);
    } catch (error) {
      this.#failure = error as Error;
      for (const { reject } of this.#waiting.values()) reject(error);
    }
  }

  #take({ messages }: LogPage): void {
    for (const message of messages) {
      const asked = message.headers?.in_reply_to;
      if (asked === undefined) continue;
      this.#replies.set(asked, message);
      this.#waiting.get(asked)?.resolve(message);
    }
  }
}
