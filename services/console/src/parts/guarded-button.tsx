import type { ComponentChildren } from 'preact';

interface Props {
  readonly children: ComponentChildren;
  readonly onClick?: (() => void) | undefined;
  /** Why it cannot be used; null where it can. */
  readonly reason: string | null;
  /** Id of the element that says the reason on the page. */
  readonly reasonId: string;
  readonly type?: 'button' | 'submit';
  readonly class?: string;
}

/**
 * A button that is shown to those who may not use it, too, with the reason. It can be focused all the
 * same: what a screen reader cannot reach it cannot explain.
 */
export function GuardedButton({
  children,
  onClick,
  reason,
  reasonId,
  type = 'button',
  class: classes,
}: Props) {
  return (
    <button
      type={type}
      class={classes}
      aria-disabled={reason !== null}
      aria-describedby={reason === null ? undefined : reasonId}
      title={reason ?? undefined}
      onClick={(event) => {
        if (reason === null) onClick?.();
        else event.preventDefault();
      }}
    >
      {children}
    </button>
  );
}
