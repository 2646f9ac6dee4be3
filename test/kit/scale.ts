/** Whether the faults run in the form that takes minutes to hours instead of the one for every change. */
export const IS_FULL = process.env.FAULTS === 'full';

/** The number for the form that runs: `scaled({ short: 10, full: 100 })`. */
export const scaled = <T>(of: { readonly short: T; readonly full: T }): T => (IS_FULL ? of.full : of.short);

/** Prints what was measured, one line each, to be found by `figure:` in the output. */
export function figure(what: string, facts: Readonly<Record<string, unknown>>): void {
  console.log(`figure: ${what} ${JSON.stringify(facts)}`);
}
