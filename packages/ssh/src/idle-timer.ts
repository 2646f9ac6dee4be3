export interface IdleTimer {
  /** Something was typed. */
  touch(): void;
  /** A command runs from now on: however long it takes, that is not idle. Returns what ends it. */
  busy(): () => void;
  stop(): void;
}

/** Calls back once when nothing happened for so long, in milliseconds. */
export function createIdleTimer(idleMs: number, onIdle: () => void): IdleTimer {
  let running = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const touch = (): void => {
    clearTimeout(timer);
    if (running === 0 && !stopped) timer = setTimeout(onIdle, idleMs);
  };
  touch();
  return {
    touch,
    busy() {
      running += 1;
      touch();
      return () => {
        running -= 1;
        touch();
      };
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
