import { getSystemErrorMessage } from 'node:util';

/** What the system says of a failure, for a person: `permission denied`, without the call and its path. */
export function systemWords(error: Error): string {
  const { errno } = error as NodeJS.ErrnoException;
  return (errno === undefined ? undefined : getSystemErrorMessage(errno)) ?? error.message;
}
