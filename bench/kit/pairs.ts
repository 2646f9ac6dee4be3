import type { BenchRun, Spread } from './bench.ts';
import { spread } from './spread.ts';

interface Side {
  readonly ours: Spread;
  readonly peer: Spread;
  /** Ours by the peer's of the same pair. */
  readonly ratio: Spread;
}

/** How the values of both sides, taken in pairs, compare. */
export const compare = (ours: readonly number[], peer: readonly number[]): Side => ({
  ours: spread(ours),
  peer: spread(peer),
  ratio: spread(ours.map((value, index) => value / (peer[index] ?? Number.NaN))),
});

/**
 * Runs both sides in turn, so that what the machine does beside hits both: ours, peer, ours, peer.
 * A first pair warms up the disk and Redis and is not counted.
 */
export async function inPairs<Result>(
  { rounds, say, short }: BenchRun,
  ours: () => Promise<Result>,
  peer: () => Promise<Result>,
): Promise<{ ours: Result[]; peer: Result[] }> {
  const results = { ours: [] as Result[], peer: [] as Result[] };
  if (!short) {
    await ours();
    await peer();
  }
  for (let round = 1; round <= rounds; round += 1) {
    const pair = [await ours(), await peer()] as const;
    results.ours.push(pair[0]);
    results.peer.push(pair[1]);
    say(`  pair ${round} of ${rounds}: ours ${JSON.stringify(pair[0])}, peer ${JSON.stringify(pair[1])}`);
  }
  return results;
}
