import { MadError } from '@mad-group/protocol';
import { z } from 'zod';
import type { StatKey } from '../traffic-store.ts';

const CursorSchema = z
  .string()
  .transform((text) => Buffer.from(text, 'base64url').toString())
  .pipe(
    z
      .string()
      .refine(isJson)
      .transform((text): unknown => JSON.parse(text)),
  )
  .pipe(z.tuple([z.string(), z.string(), z.string()]));

/** The place behind a row, as a caller hands it back. */
export function statCursor({ hour_timestamp, sender_id, topic_pattern }: StatKey): string {
  return Buffer.from(JSON.stringify([hour_timestamp, sender_id, topic_pattern])).toString('base64url');
}

/** @throws MadError `invalid_input` */
export function keyFromCursor(cursor: string): StatKey {
  const parsed = CursorSchema.safeParse(cursor);
  if (!parsed.success) {
    throw new MadError('invalid_input', "'before' must be the 'next_before' of an earlier reply.");
  }
  const [hour_timestamp, sender_id, topic_pattern] = parsed.data;
  return { hour_timestamp, sender_id, topic_pattern };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
