import { useMemo, useRef } from 'preact/hooks';
import { usePage } from '../page.ts';
import { hrefTo } from '../state/route.ts';
import type { Turn } from '../state/talk.ts';
import { hasEnded } from '../state/task-model.ts';
import type { TaskMad } from '../state/tasks.ts';
import { CancelButton } from './cancel-button.tsx';
import { ConditionPill } from './condition.tsx';
import { Loading, Problem } from './messages.tsx';
import { TaskAnnouncer, TaskFigures } from './task-end.tsx';
import { TaskWork } from './task-work.tsx';

/** A question and its answer. */
export function TurnView({ turn, name }: { turn: Turn; name: string }) {
  const { console } = usePage();
  return (
    <article class="turn" aria-label={`Asked of ${name}`}>
      <p class="asked">{turn.prompt}</p>
      {turn.problem !== null && (
        <Problem words={turn.problem} onRetry={() => void console.talk.again(turn.key)} />
      )}
      {turn.taskId === null && turn.problem === null && <Loading what={`Handing it to ${name}`} />}
      {turn.taskId !== null && (
        <Answer mad={turn.mad} taskId={turn.taskId} correlationId={turn.correlationId} name={name} />
      )}
    </article>
  );
}

function Answer(props: { mad: TaskMad; taskId: string; correlationId: string; name: string }) {
  const { mad, taskId, correlationId, name } = props;
  const { console } = usePage();
  const follower = useMemo(() => console.tasks.follow(mad, taskId), [console, mad, taskId]);
  const task = follower.model.value;
  const running = !hasEnded(task.status);
  const reply = useRef<HTMLDivElement>(null);
  return (
    <div class="reply" ref={reply} tabIndex={-1}>
      <p class="by">
        <strong>{name}</strong> <ConditionPill condition={task.status} />
        {running && (
          <CancelButton
            mad={mad}
            taskId={taskId}
            onGone={() => reply.current?.focus({ preventScroll: true })}
          />
        )}
      </p>
      {follower.problem.value !== null && (
        <p class="note">Its events cannot be read now: {follower.problem.value}</p>
      )}
      <TaskWork task={task} />
      <p class="foot">
        <TaskFigures task={task} nowMs={console.now.value} />
        <a
          href={hrefTo('trace', [correlationId], {
            near: String(Date.parse(task.createdAt ?? '') || Date.now()),
          })}
        >
          Follow it on the bus
        </a>
        <a href={hrefTo('tasks', [mad, taskId])}>As a task</a>
      </p>
      <TaskAnnouncer task={task} name={name} />
    </div>
  );
}
