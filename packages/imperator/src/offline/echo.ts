/** What a smoke test asks to hear back: `respond with OK`, `reply with "pong"`, `say hello`. */
const REQUEST =
  /(?:\b(?:respond|reply|answer)\s+(?:\w+ly\s+|just\s+)?with:?\s+|(?:^|[.,:;!?\n]\s*|\bplease\s+)(?:just\s+|please\s+)?say\s+|\becho(?:\s+back)?:?\s+)(?:\w+ly\s+|just\s+|exactly\s+)?(?:the\s+(?:single\s+)?(?:word|words|text|phrase)\s+)?(?:"([^"]+)"|'([^']+)'|“([^”]+)”|`([^`]+)`|([^\n]+))/i;

/** What stands before a request that is none: `do not respond with`, `how does it reply with`. */
const NO_REQUEST = /(?:\b(?:not|never|without|does|did|why|how)|n['’]t)\s+(?:[\w-]+\s+)?$/i;

/** What leads over to the request and means nothing without it. */
const POLITE = /(?:(?:^|[\s,;:]+)(?:please|and|then|just))*\s*$/i;

/** A choice is a question: `yes or no`, `yes/no`. */
const CHOICE = /\bor\b|^\w+\s*\/\s*\w+$/i;
const GOES_ON_WITH_CHOICE = /^\s*,?\s*or\b/i;

/** Such words ask for something to be found or made, not to be repeated. */
const ASKS_FOR_MORE =
  /^(?:a|an|the|all|any|every|each|my|your|our|list|which|who|what|how|why|whether|if|when|where|something|anything|details?|information|more)\b|\b(?:if|unless|whether)\b/i;

/** Words that ask or tell to find out, at the beginning of a clause. */
const ASKS =
  /\?|(?:^|[.,:;!\n]|\b(?:and|then|but|please))\s*(?:is|are|was|were|do|does|did|has|have|can|could|will|who|what|which|when|where|why|how|list|show|tell|give|compare|count|find|explain|check (?:if|whether|that)|if|unless|whether)\b/i;

/** Words that a prompt asks to hear back. */
export interface Echo {
  readonly words: string;
  /** Plainly words to repeat: quoted, or one to three words. */
  readonly plain: boolean;
  /** The prompt without this. */
  readonly rest: string;
}

/** What the prompt asks to hear back, or null. */
export function findEcho(prompt: string): Echo | null {
  const match = REQUEST.exec(prompt);
  if (!match) return null;
  const before = prompt.slice(0, match.index);
  const lead = before.replace(POLITE, '');
  if (NO_REQUEST.test(before)) return null;
  const behind = prompt.slice(match.index + match[0].length);
  const quoted = match[1] ?? match[2] ?? match[3] ?? match[4];
  if (quoted !== undefined) {
    return GOES_ON_WITH_CHOICE.test(behind) ? null : { words: quoted, plain: true, rest: lead + behind };
  }
  const line = match[5] as string;
  // To the end of the sentence: a mark and then a space or the end, so that 1.5 stays whole.
  const sentence = line.replace(/[.!?](?:\s.*)?$/, '');
  const words = sentence.replace(/[,;](?:\s.*)?$/, '').trim();
  if (words === '' || CHOICE.test(sentence.trim())) return null;
  const plain = !ASKS_FOR_MORE.test(words) && words.split(/\s+/).length <= 3;
  return { words, plain, rest: (lead + line.slice(sentence.length).replace(/^[.!?]/, '') + behind).trim() };
}

/** Whether this asks for more than to be heard. */
export const asksSomething = (text: string): boolean => ASKS.test(text);
