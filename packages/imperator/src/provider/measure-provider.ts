import { type ErrorCode, MadError } from '@mad-group/protocol';
import type { CircuitName } from './circuit.ts';
import type { Provider } from './provider.ts';
import type { Usage } from './usage.ts';

/** What a provider tells of its work. */
export interface ProviderMetrics {
  /** One request has ended; `outcome` is `ok`, `cancelled`, or the code of the error. */
  called(outcome: string, durationMs: number): void;
  /** From a request to the first event of its answer. */
  firstToken(latencyMs: number): void;
  /** A try failed, whatever became of the request. */
  failed(code: ErrorCode): void;
  retried(): void;
  /** What an answer of this model took; null where the provider does not say. */
  used(model: string, usage: Usage | null): void;
  /** Whether requests go through to the provider, at the beginning and at each change. */
  circuit(state: CircuitName): void;
}

/** The same provider, with each request counted and timed, its stream included. */
export function measureProvider(provider: Provider, metrics: ProviderMetrics): Provider {
  function begin(signal: AbortSignal): (error?: unknown) => void {
    const startedMs = performance.now();
    return (error) => {
      const outcome = error === undefined ? 'ok' : outcomeOf(error, signal);
      metrics.called(outcome, performance.now() - startedMs);
    };
  }

  return {
    ...provider,
    async *stream(request) {
      const ended = begin(request.signal);
      let failure: unknown = new DOMException('The reader left before the end.', 'AbortError');
      const startedMs = performance.now();
      let begun = false;
      try {
        for await (const event of provider.stream(request)) {
          if (!begun) metrics.firstToken(performance.now() - startedMs);
          begun = true;
          yield event;
        }
        failure = undefined;
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        ended(failure);
      }
    },
    async completeJson(request) {
      const ended = begin(request.signal);
      try {
        const text = await provider.completeJson(request);
        ended();
        return text;
      } catch (error) {
        ended(error);
        throw error;
      }
    },
  };
}

function outcomeOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'cancelled';
  if (error instanceof MadError) return error.code;
  return error instanceof DOMException ? 'cancelled' : 'internal';
}
