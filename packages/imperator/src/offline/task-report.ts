import type { TaskView } from '@mad-group/protocol';
import { formatDuration } from './durations.ts';

/** Longest piece of a prompt or a result in an answer, in characters. */
const MAX_EXCERPT = 200;

const excerpt = (text: string, max = MAX_EXCERPT): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= max ? line : `${line.slice(0, max - 1)}…`;
};

/** `It waited 12 ms and took 3.2 s.`, as far as it is known yet. */
export function timing(task: TaskView, nowMs: number): string {
  const createdMs = Date.parse(task.created_at);
  if (task.started_at === null) {
    const endMs = task.finished_at === null ? nowMs : Date.parse(task.finished_at);
    const waited = formatDuration(endMs - createdMs);
    return task.finished_at === null
      ? `It has been waiting for ${waited}.`
      : `It waited ${waited} and never started.`;
  }
  const startedMs = Date.parse(task.started_at);
  const waited = `waited ${formatDuration(startedMs - createdMs)}`;
  if (task.finished_at === null)
    return `It ${waited} and has been running for ${formatDuration(nowMs - startedMs)}.`;
  const finishedMs = Date.parse(task.finished_at);
  return `It ${waited} and took ${formatDuration(finishedMs - startedMs)} (${formatDuration(finishedMs - createdMs)} in all).`;
}

/** One task in full. */
export function report(task: TaskView, nowMs: number): string {
  const lines = [
    `Task ${task.task_id} is ${task.status}. ${timing(task, nowMs)}`,
    `- asked at ${task.created_at} by ${task.owner}: “${excerpt(task.prompt)}”`,
  ];
  if (task.attempt > 1) lines.push(`- attempt: ${task.attempt}`);
  if (task.error_details)
    lines.push(`- error: ${excerpt(task.error_details.message, 500)} (${task.error_details.code})`);
  if (task.result_payload) lines.push(`- answer: “${excerpt(task.result_payload.response)}”`);
  return lines.join('\n');
}

/** One task in a line of a list. */
export function reportLine(task: TaskView, nowMs: number): string {
  const end = task.finished_at === null ? nowMs : Date.parse(task.finished_at);
  const took = formatDuration(end - Date.parse(task.started_at ?? task.created_at));
  const error = task.error_details ? `: ${excerpt(task.error_details.message, 100)}` : '';
  return `- ${task.task_id} ${task.status} (${took}) “${excerpt(task.prompt, 60)}”${error}`;
}
