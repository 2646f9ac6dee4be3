import { endsInHalf } from './token-writer.ts';

/**
 * Joins pieces of text that may be cut inside a character, and gives only whole ones on: what is
 * stored is UTF-8, which has no half characters, and the joined events must equal the answer.
 */
export function createTextJoiner() {
  let half = '';
  let joined = '';
  function give(text: string): string {
    const whole = text.toWellFormed();
    joined += whole;
    return whole;
  }
  return {
    /** What can be given on after this piece; may be empty. */
    add(piece: string): string {
      const text = half + piece;
      half = endsInHalf(text) ? text.slice(-1) : '';
      return give(half === '' ? text : text.slice(0, -1));
    },
    /** What is left when no more pieces come. */
    end(): string {
      const rest = half;
      half = '';
      return give(rest);
    },
    /** All that was given on. */
    text: (): string => joined,
  };
}
