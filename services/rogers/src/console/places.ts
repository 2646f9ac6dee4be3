import { MadError } from '@mad-group/protocol';

export interface Places {
  /**
   * Takes one, and gives what gives it back.
   *
   * @throws MadError `too_many_clients` where none is free
   */
  take(): () => void;
}

/** As many as may be there at one time. `what` follows their number in the refusal. */
export function createPlaces(max: number, what: string, onChange?: (taken: number) => void): Places {
  let taken = 0;
  const change = (by: number): void => {
    taken += by;
    onChange?.(taken);
  };
  change(0);
  return {
    take() {
      if (taken >= max) {
        const words = `${max} ${what} already. Close one, or try again later.`;
        throw new MadError('too_many_clients', words, { retryAfterMs: 10_000 });
      }
      change(1);
      return () => change(-1);
    },
  };
}
