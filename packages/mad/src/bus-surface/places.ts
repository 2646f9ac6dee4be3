/** How many calls each caller has under way. */
export interface Places {
  /** What gives the place back; null where the caller has taken all of its own. */
  take(caller: string): (() => void) | null;
  /** Resolves when none is taken. */
  idle(): Promise<void>;
}

/** So many places for each caller, so that one cannot take those of the others. */
export function createPlaces(perCaller: number): Places {
  const taken = new Map<string, number>();
  const idlers: (() => void)[] = [];

  function giveBack(caller: string): void {
    const left = (taken.get(caller) ?? 1) - 1;
    if (left > 0) taken.set(caller, left);
    else taken.delete(caller);
    if (taken.size === 0) for (const idler of idlers.splice(0)) idler();
  }

  return {
    take(caller) {
      const count = taken.get(caller) ?? 0;
      if (count >= perCaller) return null;
      taken.set(caller, count + 1);
      return () => giveBack(caller);
    },
    async idle() {
      if (taken.size > 0) await new Promise<void>((resolve) => idlers.push(resolve));
    },
  };
}
