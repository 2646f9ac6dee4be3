import type { ReceivedSpan } from './otlp-receiver.ts';

/** The spans below a parent as text: two spaces a level, in the order of their starts, each after its service. */
export function drawTree(spans: readonly ReceivedSpan[], parentId: string, depth = 0): string[] {
  return spans
    .filter((span) => span.parentId === parentId)
    .toSorted((a, b) => a.startNs - b.startNs)
    .flatMap((span) => [
      `${'  '.repeat(depth)}${span.service}: ${span.name} (${span.kind.toLowerCase()})`,
      ...drawTree(spans, span.spanId, depth + 1),
    ]);
}
