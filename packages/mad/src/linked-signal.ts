export interface LinkedSignal {
  readonly signal: AbortSignal;
  /** Takes the link off; the signal aborts no more. */
  unlink(): void;
}

/**
 * A signal of one call, that aborts with any of the sources. A handler may add listeners to it and
 * forget them: on a signal that lives as long as a connection or a MAD they would pile up, and each
 * further one would be slower to add.
 */
export function linkSignal(sources: readonly AbortSignal[]): LinkedSignal {
  const controller = new AbortController();
  const onAbort = (event: Event): void => controller.abort((event.target as AbortSignal).reason);
  for (const source of sources) {
    if (source.aborted) controller.abort(source.reason);
    else source.addEventListener('abort', onAbort, { once: true });
  }
  return {
    signal: controller.signal,
    unlink() {
      for (const source of sources) source.removeEventListener('abort', onAbort);
    },
  };
}
