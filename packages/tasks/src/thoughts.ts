import type { Logger, Thinker, ThinkRequest, Thought } from '@mad-group/protocol';

/**
 * What the thinker yields, until the signal aborts: then this throws the signal's reason at once,
 * also where the thinker itself does not listen.
 */
export async function* pullThoughts(
  thinker: Thinker,
  request: ThinkRequest,
  signal: AbortSignal,
  log: Logger,
): AsyncGenerator<Thought, void, undefined> {
  signal.throwIfAborted();
  const iterator = thinker.think(request, signal)[Symbol.asyncIterator]();
  let interrupt: (reason: unknown) => void = () => undefined;
  const onAbort = (): void => interrupt(signal.reason);
  signal.addEventListener('abort', onAbort);
  let exhausted = false;
  try {
    while (true) {
      signal.throwIfAborted();
      const next = await new Promise<IteratorResult<Thought, unknown>>((resolve, reject) => {
        interrupt = reject;
        iterator.next().then(resolve, reject);
      });
      if (next.done) {
        exhausted = true;
        return;
      }
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (!exhausted) {
      // Not awaited: a generator that hangs in a call of its own returns only after that call.
      iterator.return?.().then(undefined, (error: unknown) => {
        log.debug({ err: error }, 'The thinker ended with an error after its task did');
      });
    }
  }
}
