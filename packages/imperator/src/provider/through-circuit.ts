import type { Circuit } from './circuit.ts';

/** The events of one request, the first of which says that the provider is there. Nothing runs before the circuit allows it. */
export async function* throughCircuit<Event>(
  circuit: Circuit,
  events: AsyncGenerator<Event>,
  options: { signal: AbortSignal; untilMs: number; toFailure: (error: unknown) => unknown },
): AsyncGenerator<Event> {
  const { signal, untilMs, toFailure } = options;
  const first = (): Promise<IteratorResult<Event>> =>
    events.next().catch((error: unknown) => {
      throw toFailure(error);
    });
  try {
    let next = await circuit.run(first, { signal, untilMs });
    while (!next.done) {
      yield next.value;
      next = await events.next();
    }
  } finally {
    await events.return(undefined);
  }
}
