import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { usePage } from '../page.ts';
import { newId } from '../state/ids.ts';
import type { TaskMad } from '../state/tasks.ts';
import type { ApiError } from '../wire/api.ts';
import { GuardedButton } from './guarded-button.tsx';

interface Props {
  readonly mad: TaskMad;
  readonly taskId: string;
  /** The task has ended, and the button goes while it has the focus: something must take it. */
  readonly onGone: () => void;
}

/** Ends a task that waits or runs. */
export function CancelButton({ mad, taskId, onGone }: Props) {
  const { console } = usePage();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const lacks = console.session.lacks('converse');
  const id = `cancel-${taskId}`;
  const place = useRef<HTMLSpanElement>(null);

  useLayoutEffect(
    () => () => {
      if (place.current?.contains(document.activeElement)) onGone();
    },
    [],
  );

  async function cancel(): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await console.tasks.cancel(mad, taskId, newId());
    } catch (error) {
      setProblem((error as ApiError).message);
    }
    setBusy(false);
  }

  return (
    <span class="cancel" ref={place}>
      <GuardedButton class="danger small" reason={lacks} reasonId={id} onClick={() => void cancel()}>
        {busy ? 'Cancelling …' : 'Cancel'}
      </GuardedButton>
      {lacks !== null && (
        <span class="reason" id={id}>
          {lacks}
        </span>
      )}
      {problem !== null && (
        <span class="reason is-bad" role="alert">
          {problem}
        </span>
      )}
    </span>
  );
}
