import type { ComponentChildren } from 'preact';

/** What stands where there is nothing yet: what would be here, and what to do. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

/** What went wrong, and a way to try again. */
export function Problem({ words, onRetry }: { words: string; onRetry?: (() => void) | undefined }) {
  return (
    <div class="problem" role="alert">
      <p>{words}</p>
      {onRetry && (
        <button type="button" class="small" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return <p class="loading">{what} …</p>;
}
