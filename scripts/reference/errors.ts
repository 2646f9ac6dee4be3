import { ERROR_CODES } from '@mad-group/protocol';
import { code, page, table } from './markdown.ts';

export const errorsPage = (): string =>
  page(
    'Errors',
    'A tool that says no answers `{"status": "error", "message": …, "code": …}` on every surface; over MCP the result is marked `isError` and holds the same. `retry_after_ms` stands beside them where it is known. The same codes stand in the `error_details` of a task that FAILED.',
    table(
      ['code', 'meaning', 'may succeed later', 'HTTP'],
      Object.entries(ERROR_CODES).map(([name, { meaning, retryable, status }]) => [
        code(name),
        meaning,
        retryable ? 'yes' : 'no',
        String(status),
      ]),
    ),
  );
