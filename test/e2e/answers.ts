/** What the model of these tests answers: tokens that no other prompt has, so that a mix-up shows. */
const TOKENS = 25;
export const TOKEN_MS = 100;
export const answerTo = (prompt: string): string[] =>
  Array.from({ length: TOKENS }, (_, index) => `${index === 0 ? '' : ' '}${prompt}#${index}`);
