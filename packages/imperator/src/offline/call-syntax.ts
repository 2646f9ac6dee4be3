/** `rogers_get_stats(24)`, `get_task_status("…")`, `list_recent_tasks`: a tool's name, with or without its input. */
const CALL =
  /\b(?:fiedler_|rogers_)?(list_recent_tasks|list_tasks|get_task_status|get_stats|get_connections)\b(?:\s*\(([^()\n]*)\))?/gi;

const STATUS = /\b(?:pending|running|streaming|completed|failed|cancelled)\b/i;

/** The prompt with the calls of tools in it put into words; people asked the first generation so. */
export const callsAsWords = (prompt: string): string =>
  prompt.replace(CALL, (_, tool: string, input = '') => inWords(tool.toLowerCase(), input));

function inWords(tool: string, input: string): string {
  const [count] = /\d+/.exec(input) ?? [];
  if (tool === 'get_connections') return 'show the connections';
  if (tool === 'get_stats') return `message stats of the last ${count ?? 1} clock hours`;
  if (tool === 'get_task_status') {
    const id = input.replace(/\btask_id\b/i, '').replace(/[^\w-]/g, '');
    return id === '' ? 'status of the last task' : `status of task ${id}`;
  }
  const [status] = STATUS.exec(input) ?? [];
  const which = status === undefined ? 'tasks' : `${status.toLowerCase()} tasks`;
  return count === undefined ? `list recent ${which}` : `list the last ${count} ${which}`;
}
