/** Lets at most so many run at once; the others wait in order. */
export interface Slots {
  /** Resolves when a slot is free, with what gives it back. */
  take(): Promise<() => void>;
  /** Resolves when none is taken. */
  idle(): Promise<void>;
}

export function createSlots(limit: number): Slots {
  let taken = 0;
  const waiting: (() => void)[] = [];
  const idlers: (() => void)[] = [];

  function giveBack(): void {
    const next = waiting.shift();
    // The slot goes on to who waits longest; it is not free in between.
    if (next) next();
    else taken -= 1;
    if (taken === 0) for (const idler of idlers.splice(0)) idler();
  }

  return {
    async take() {
      if (taken < limit) taken += 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return giveBack;
    },
    async idle() {
      if (taken > 0) await new Promise<void>((resolve) => idlers.push(resolve));
    },
  };
}
