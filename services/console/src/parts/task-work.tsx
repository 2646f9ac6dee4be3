import type { Plan } from '@mad-group/protocol';
import { duration } from '../format.ts';
import { hasEnded, type Step, type TaskModel } from '../state/task-model.ts';

/** What a task does and says, as it comes: its plan, its tools, its answer. */
export function TaskWork({ task }: { task: TaskModel }) {
  const running = !hasEnded(task.status);
  return (
    <div class="work">
      {task.retried !== null && (
        <p class="note">
          Attempt {task.attempt}. {task.retried}
        </p>
      )}
      {task.steps.map((step) =>
        step.type === 'plan' ? (
          <PlanSteps key={step.seq} plan={step.plan} note={step.note} />
        ) : (
          <ToolCall key={step.seq} step={step} />
        ),
      )}
      {(task.text !== '' || running) && (
        <p class="answer" aria-busy={running}>
          {task.text}
          {running && <span class="caret" aria-hidden="true" />}
        </p>
      )}
      {task.error && (
        <p class="problem">
          <strong>{task.error.code}</strong> {task.error.message}
        </p>
      )}
      {task.status === 'CANCELLED' && <p class="note">It was cancelled.</p>}
    </div>
  );
}

/** Sequential Thinking's plan. */
function PlanSteps({ plan, note }: { plan: Plan | null; note: string }) {
  return (
    <section class="plan" aria-label="Plan of Sequential Thinking">
      <h3>Plan</h3>
      {plan === null ? (
        <p class="note">{note}</p>
      ) : (
        <ol>
          {plan.plan.map(({ step_number: number, title, description }) => (
            <li key={number}>
              <span class="step-number" aria-hidden="true">
                {number}
              </span>
              <div>
                <strong>{title}</strong>
                <p>{description}</p>
              </div>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function ToolCall({ step }: { step: Extract<Step, { type: 'tool' }> }) {
  const { name, arguments: input, result, startedAt, endedAt } = step;
  const words = Object.keys(input).length === 0 ? '' : JSON.stringify(input);
  return (
    <details class="tool">
      <summary>
        <span class="tool-name">{name}</span>
        <span class="tool-input">{words}</span>
        <span class="tool-state">
          {endedAt === null ? 'running …' : duration(Date.parse(endedAt) - Date.parse(startedAt))}
        </span>
      </summary>
      <pre>{result ?? 'No answer yet.'}</pre>
    </details>
  );
}
