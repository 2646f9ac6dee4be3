/** Control characters that JSON lets stand as they are: DEL and C1. */
const CONTROLS = /[\u007f-\u009f]/g;

/** A value as JSON that a terminal may show and a program can read: no byte in it steers the terminal. */
export const terminalJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
