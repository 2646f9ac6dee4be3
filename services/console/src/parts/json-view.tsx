/** Past so many characters colours cost more than they help. */
const MAX_COLORED = 40_000;
const PARTS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON, indented; names stand out from values. */
export function JsonView({ value }: { value: unknown }) {
  const text = JSON.stringify(value, null, 2);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section class="json" tabIndex={0} aria-label="Payload as JSON">
      <pre>{text.length > MAX_COLORED ? text : colored(text)}</pre>
    </section>
  );
}

function colored(text: string): preact.ComponentChild[] {
  const parts: preact.ComponentChild[] = [];
  let from = 0;
  for (const match of text.matchAll(PARTS)) {
    const [whole, string, colon] = match;
    if (match.index > from) parts.push(text.slice(from, match.index));
    const kind = string === undefined ? 'literal' : colon === undefined ? 'string' : 'key';
    parts.push(
      <span key={match.index} class={kind}>
        {whole}
      </span>,
    );
    from = match.index + whole.length;
  }
  parts.push(text.slice(from));
  return parts;
}
