import type { IncomingMessage } from 'node:http';
import { MadError } from '@mad-group/protocol';

/** Largest body, in bytes: a prompt of a million characters fits. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * The JSON object that a request has as its body. Only under its own content type: that is one that a form of a foreign
 * page cannot send.
 *
 * @throws MadError `invalid_json`, `payload_too_large`
 */
export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new MadError('invalid_json', 'Send JSON, with content-type: application/json.');
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES)
      throw new MadError('payload_too_large', `The request is larger than ${MAX_BYTES} bytes.`);
    chunks.push(chunk);
  }
  const body = parseJson(Buffer.concat(chunks).toString('utf8'));
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
    return body as Record<string, unknown>;
  }
  const given = body === null ? 'null' : Array.isArray(body) ? 'an array' : `a ${typeof body}`;
  const words = `The body must be a JSON object, {"mad", "tool_name", "tool_input"}, and is ${given}.`;
  throw new MadError('invalid_json', words);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new MadError('invalid_json', 'The body is no JSON.', { cause });
  }
}
