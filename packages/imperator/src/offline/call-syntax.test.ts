import { expect, test } from 'vitest';
import { callsAsWords } from './call-syntax.ts';

test.each([
  ['list_recent_tasks(2)', 'list the last 2 tasks'],
  ['list_recent_tasks()', 'list recent tasks'],
  ['fiedler_list_tasks(limit=3, status="FAILED")', 'list the last 3 failed tasks'],
  ['get_task_status("a0eebc99-9c0b")', 'status of task a0eebc99-9c0b'],
  ["fiedler_get_task_status(task_id='a0eebc99')", 'status of task a0eebc99'],
  ['Call rogers_get_stats(24), please', 'Call message stats of the last 24 clock hours, please'],
  ['rogers_get_stats', 'message stats of the last 1 clock hours'],
  ['rogers_get_connections()', 'show the connections'],
  ['what (if anything) failed?', 'what (if anything) failed?'],
])('%s reads as “%s”', (prompt, words) => {
  expect(callsAsWords(prompt)).toBe(words);
});
