/** What a smoke test asks to hear back: `respond with OK`, `reply with "pong"`, `say hello`. */
const REQUEST =
  /(?:\b(?:respond|reply|answer)\s+(?:\w+ly\s+|just\s+)?with:?\s+|(?:^|[.,:;!?\n]\s*|\bplease\s+)(?:just\s+|please\s+)?say\s+|\becho(?:\s+back)?:?\s+)(?:\w+ly\s+|just\s+|exactly\s+)?(?:the\s+(?:single\s+)?(?:word|words|text|phrase)\s+)?(?:"([^"]+)"|'([^']+)'|“([^”]+)”|`([^`]+)`|([^\n]+))/i;

/** Such words ask for something to be found or made, not to be repeated. */
const ASKS_FOR_MORE =
  /^(?:a|an|the|all|any|every|each|my|your|our|list|which|who|what|how|why|whether|if|when|where|something|anything|details?|information|more)\b/i;

/**
 * The words that the prompt asks to hear back, or null.
 *
 * @param strict take only what is plainly words to repeat: quoted, or one to three words
 */
export function wordsToEcho(prompt: string, strict: boolean): string | null {
  const match = REQUEST.exec(prompt);
  if (!match) return null;
  const quoted = match[1] ?? match[2] ?? match[3] ?? match[4];
  if (quoted !== undefined) return quoted;
  // To the end of the sentence: a mark and then a space or the end, so that 1.5 stays whole.
  const words = (match[5] as string).replace(/[.!?,;](?:\s.*)?$/, '').trim();
  if (words === '') return null;
  if (strict && (ASKS_FOR_MORE.test(words) || words.split(/\s+/).length > 3)) return null;
  return words;
}
