import { z } from 'zod';

/** A whole number; what is wrong with another value is said in the words for a key of the environment. */
export const whole = (min: number, max: number) =>
  z.coerce
    .number({ error: 'must be a whole number' })
    .int('must be a whole number')
    .min(min, `must be between ${min} and ${max}`)
    .max(max, `must be between ${min} and ${max}`);

export const port = () => whole(0, 65_535);

export const url = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol),
      `must be a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`,
    );

export const list = () =>
  z.string().transform((value) => value.split(/[\s,]+/).filter((part) => part !== ''));
