import type { TaskStatus } from '@mad-group/protocol';
import type { Condition } from '../state/group.ts';

type Tone = 'ok' | 'warn' | 'bad' | 'run' | 'off';

const TONES: Readonly<Record<Condition | TaskStatus, Tone>> = {
  HEALTHY: 'ok',
  CONNECTED: 'run',
  DEGRADED: 'warn',
  STALE: 'warn',
  STOPPING: 'off',
  DISCONNECTED: 'bad',
  PENDING: 'off',
  RUNNING: 'run',
  STREAMING: 'run',
  COMPLETED: 'ok',
  FAILED: 'bad',
  CANCELLED: 'off',
};

/** A shape for each tone: colour alone says nothing to many. */
const SHAPES: Readonly<Record<Tone, string>> = {
  ok: 'm4 8.5 2.6 2.6L12 5.5',
  warn: 'M8 4v5m0 2.4v.2',
  bad: 'm5 5 6 6m0-6-6 6',
  run: 'M6 4.8v6.4L11.5 8Z',
  off: 'M5 8h6',
};

/** How a MAD or a task is: a word, with a colour and a shape of its own. */
export function ConditionPill({ condition }: { condition: Condition | TaskStatus }) {
  const tone = TONES[condition];
  return (
    <span class={`pill is-${tone}`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={SHAPES[tone]} />
      </svg>
      {condition.charAt(0) + condition.slice(1).toLowerCase()}
    </span>
  );
}
