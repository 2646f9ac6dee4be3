import { type Envelope, MAX_ENVELOPE_BYTES, MadError } from '@mad-group/protocol';

/**
 * The envelope as the JSON text that the log keeps, without a position: the log gives it one. Its
 * message id comes first, where the log's script looks for it.
 *
 * @throws MadError `payload_too_large` past 256 KiB
 */
export function serializeEnvelope(envelope: Envelope): string {
  const json = JSON.stringify(envelope.position === undefined ? envelope : inOrder(envelope));
  // Whoever makes envelopes by hand may write them in another order.
  return assertSize(json.startsWith('{"message_id":') ? json : JSON.stringify(inOrder(envelope)));
}

function assertSize(json: string): string {
  // A UTF-16 unit takes one to three bytes, so that most messages need not be measured.
  if (json.length * 3 <= MAX_ENVELOPE_BYTES) return json;
  const bytes = Buffer.byteLength(json);
  if (bytes <= MAX_ENVELOPE_BYTES) return json;
  throw new MadError(
    'payload_too_large',
    `The message is ${bytes} bytes long; the bus takes at most ${MAX_ENVELOPE_BYTES} (256 KiB). Send it in parts, or send a reference to it.`,
  );
}

function inOrder({ message_id, position: _, ...rest }: Envelope): Omit<Envelope, 'position'> {
  return { message_id, ...rest };
}
