import { type Envelope, MAX_ENVELOPE_BYTES, MadError } from '@mad-group/protocol';

/**
 * The envelope as the JSON text that the log keeps, without a position: the log gives it one.
 *
 * @throws MadError `payload_too_large` past 256 KiB
 */
export function serializeEnvelope(envelope: Envelope): string {
  const json = JSON.stringify(envelope.position === undefined ? envelope : withoutPosition(envelope));
  // A UTF-16 unit takes one to three bytes, so that most messages need not be measured.
  if (json.length * 3 <= MAX_ENVELOPE_BYTES) return json;
  const bytes = Buffer.byteLength(json);
  if (bytes <= MAX_ENVELOPE_BYTES) return json;
  throw new MadError(
    'payload_too_large',
    `The message is ${bytes} bytes long; the bus takes at most ${MAX_ENVELOPE_BYTES} (256 KiB). Send it in parts, or send a reference to it.`,
  );
}

function withoutPosition(envelope: Envelope): Omit<Envelope, 'position'> {
  const { position: _, ...rest } = envelope;
  return rest;
}
