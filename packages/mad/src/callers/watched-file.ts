export interface WatchedFile {
  stop(): void;
}

/**
 * Calls back with the text of files whenever it is another one than before. It reads them each time:
 * a Kubernetes Secret is replaced by moving a symbolic link, which file watchers miss, and such files
 * are small.
 *
 * @param read what is in the files now; throws where one cannot be read
 * @param intervalMs how often to look, in milliseconds
 */
export function watchText(
  read: () => string,
  before: string,
  onChange: (text: string) => void,
  onError: (error: Error) => void,
  intervalMs: number,
): WatchedFile {
  let last = before;
  let failed = false;
  const timer = setInterval(() => {
    let text: string;
    try {
      text = read();
    } catch (error) {
      if (!failed) onError(error as Error);
      failed = true;
      return;
    }
    failed = false;
    if (text === last) return;
    last = text;
    onChange(text);
  }, intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
