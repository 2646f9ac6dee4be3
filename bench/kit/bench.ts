/** A figure, or some that come out of one run. */
export interface Bench {
  /** As it is called on the command line. */
  readonly name: string;
  readonly measure: (run: BenchRun) => Promise<readonly Row[]>;
}

export interface BenchRun {
  /** The quick form: fewer rounds and less work in each, to see that it works. */
  readonly short: boolean;
  /** Pairs of runs. */
  readonly rounds: number;
  /** Says how far it is, on standard error. */
  readonly say: (line: string) => void;
}

/** The number for the form that runs. */
export const sized = <T>({ short }: BenchRun, of: { readonly short: T; readonly full: T }): T =>
  short ? of.short : of.full;

/** What was measured over all rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One line of the table. */
export interface Row {
  readonly figure: string;
  /** Of `ours` and the peer's value, as `entries/s` or `ms`. */
  readonly unit: string;
  readonly ours: Spread;
  /** What ran in turn with it, or a number that stands from elsewhere. */
  readonly peer?: { readonly what: string; readonly value: Spread };
  /** Ours by the peer's of the same pair. */
  readonly ratio?: Spread;
  readonly target?: { readonly words: string; readonly met: boolean };
  readonly note?: string;
}
