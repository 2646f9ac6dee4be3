/**
 * The JSON lines of a response, those of each chunk together: what came at once is handled at once.
 *
 * @throws SyntaxError where a line is no JSON; what the network says where it breaks
 */
export async function* readLines<Line>(body: ReadableStream<Uint8Array>): AsyncGenerator<Line[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (lines.length > 0) yield lines.map((line) => JSON.parse(line) as Line);
    }
  } finally {
    // Whoever leaves the loop closes the connection.
    void reader.cancel().catch(() => undefined);
  }
}
