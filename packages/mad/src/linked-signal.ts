export interface LinkedSignal {
  /** Made and linked when it is first asked for: most calls are over before anyone does. */
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
  let controller: AbortController | undefined;
  let unlinked = false;
  const onAbort = (event: Event): void => controller?.abort((event.target as AbortSignal).reason);

  function link(): AbortController {
    const made = new AbortController();
    if (unlinked) return made;
    for (const source of sources) {
      if (source.aborted) made.abort(source.reason);
      else source.addEventListener('abort', onAbort, { once: true });
    }
    return made;
  }

  return {
    get signal() {
      controller ??= link();
      return controller.signal;
    },
    unlink() {
      unlinked = true;
      if (!controller) return;
      for (const source of sources) source.removeEventListener('abort', onAbort);
    },
  };
}
