const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;

/** Ids of tasks (UUIDs) that stand in the prompt, each once, in order; 20 at most. */
export const parseTaskIds = (prompt: string): string[] =>
  [...new Set([...prompt.matchAll(UUID)].map((match) => match[0].toLowerCase()))].slice(0, 20);

/** The beginning of an id, with a letter and a digit so that it is neither a number nor a word: `c2fbd33e`. */
const BEGINNING = /(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[a-f])[0-9a-f]{6,}(?:-[0-9a-z]+)*-?(?![\w-])/gi;
/** What was meant as a whole id: `c2fbd33x-1a2b-…`. */
const MISTYPED = /(?<![\w-])(?=[\w-]*\d)[0-9a-z]{6,9}(?:-[0-9a-z]{3,5}){2,}(?:-[0-9a-z]*)?(?![\w-])/gi;
/** Whatever stands where an id belongs: `task 17`. Not `the last task 2 hours ago`. */
const BEHIND_TASK =
  /\b(?:task|job)\s+(?:id\s+)?[#:=]?\s*['"“`]?((?=[\w-]*\d)[\w-]+)(?!['"”`]?\s*(?:m|min|minutes?|h|hrs?|hours?|days?|weeks?|months?)\b)(?![\w-])/gi;

/**
 * Pieces of the prompt that stand for a task and are no whole id: its beginning, or one with a slip
 * in it. In lower case, each once.
 */
export function parseTaskIdPieces(prompt: string): string[] {
  const rest = prompt.replace(UUID, ' ');
  const found = [
    ...[...rest.matchAll(BEGINNING), ...rest.matchAll(MISTYPED)].map((match) => match[0]),
    ...[...rest.matchAll(BEHIND_TASK)].map((match) => match[1] as string),
  ];
  return [...new Set(found.map((piece) => piece.toLowerCase()))].slice(0, 20);
}

/** Which of the known names stand in the prompt, whatever their case, as words of their own. */
export function findNames(prompt: string, known: Iterable<string>): string[] {
  let rest = prompt;
  const found: string[] = [];
  // The longest first, so that `fiedler-2` is not read as `fiedler`.
  for (const name of [...new Set(known)].sort((a, b) => b.length - a.length)) {
    const pattern = new RegExp(`(?<![\\w-])${name.replace(/\W/g, '\\$&')}(?![\\w-])`, 'gi');
    const without = rest.replace(pattern, ' ');
    if (without !== rest) found.push(name);
    rest = without;
  }
  return found.sort(
    (a, b) => prompt.toLowerCase().indexOf(a.toLowerCase()) - prompt.toLowerCase().indexOf(b.toLowerCase()),
  );
}

const SENDER = [
  /\b(?:did|has|have|does)\s+([\w.-]+)\s+(?:send|sent|publish|published|post|posted)\b/i,
  /\b(?:sent|published|posted|messages?|traffic)\s+(?:\w+\s+)?(?:by|from)\s+([\w.-]+)/i,
  /\b([\w.-]+)['’]s\s+(?:messages|traffic)\b/i,
];
const NOBODY =
  /^(?:each|every|everyone|everybody|all|any|anyone|the|which|who|we|you|it|they|there|mads?|senders?|today|yesterday|last|this|\d+)$/i;

/** Whoever the prompt speaks of as a sender, known or not; null where it names none. */
export function namedSender(prompt: string): string | null {
  for (const pattern of SENDER) {
    const name = pattern.exec(prompt)?.[1]?.replace(/[.-]+$/, '');
    if (name && !NOBODY.test(name)) return name;
  }
  return null;
}
