/** How one cost grows with a size. */
interface Curve {
  readonly name: string;
  readonly points: readonly { readonly size: number; readonly cost: number }[];
}

/** Curves that share their axes. */
export interface Plot {
  readonly name: string;
  readonly title: string;
  readonly sizeUnit: string;
  readonly costUnit: string;
  readonly curves: readonly Curve[];
}

/** Sizes to measure at: to a million, or to a hundredth of it in the quick form. */
export const sizesTo = (largest: number, short: boolean): number[] =>
  [100, 1_000, 10_000, 100_000, 1_000_000].filter((size) => size <= (short ? largest / 100 : largest));
