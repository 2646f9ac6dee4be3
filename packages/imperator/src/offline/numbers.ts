const WORDS: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  'a couple of': 2,
  'couple of': 2,
  three: 3,
  'a few': 3,
  few: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  twelve: 12,
  fifteen: 15,
  twenty: 20,
  'twenty-four': 24,
  'twenty four': 24,
  thirty: 30,
  fifty: 50,
  hundred: 100,
  'a hundred': 100,
};

/** Source of a regular expression that matches a number in digits or in words. The longest word first. */
export const NUMBER = `\\d+(?:\\.\\d+)?|${Object.keys(WORDS)
  .sort((a, b) => b.length - a.length)
  .join('|')}`;

/** The number that {@link NUMBER} matched. */
export const toNumber = (text: string): number =>
  WORDS[text.toLowerCase().replace(/\s+/g, ' ')] ?? Number(text);

/** `1 message`, `1,234 messages`. */
export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
