import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** What the Chat Completions API sends behind its last chunk. */
const DONE = '[DONE]';
/** How long the rest of a body is waited for once all is said, in milliseconds. */
const REST_MS = 1_000;

/**
 * The server-sent events of a response's body, as many as came at once, up to the sentinel `[DONE]`
 * or the body's end. The rest of the body is then read in the background, so that the connection can
 * be used again; who stops reading before that ends the connection.
 */
export async function* readServerSentEvents(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<EventSourceMessage[], void, undefined> {
  if (!body) return;
  let events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let complete = false;
  try {
    while (!complete) {
      const { done, value } = await reader.read();
      complete = done;
      // Some servers leave out the blank line behind the last event.
      parser.feed(done ? `${decoder.decode()}\n\n` : decoder.decode(value, { stream: true }));
      const last = events.findIndex(({ data }) => data === DONE);
      if (last >= 0) {
        complete = true;
        events.length = last;
        void readRest(reader);
      }
      if (events.length > 0) yield events;
      events = [];
    }
  } finally {
    if (!complete) cancel(reader);
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Nobody waits for it: the connection may be gone already, and whoever reads knows why. */
const cancel = (reader: Reader): void => void reader.cancel().catch(() => undefined);

async function readRest(reader: Reader): Promise<void> {
  const timer = setTimeout(cancel, REST_MS, reader).unref();
  try {
    while (!(await reader.read()).done);
  } catch {
    // The answer is complete. Only the connection is lost.
  } finally {
    clearTimeout(timer);
  }
}
