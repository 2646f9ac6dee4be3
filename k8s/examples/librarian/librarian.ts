// A whole MAD: it knows a shelf of books, and tells whoever asks which one to read.
import { createMad, madBase, runProcess } from '@mad-group/mad';
import { CorrelationId, defineTool, text } from '@mad-group/protocol';
import { z } from 'zod';

const SHELF = [
  { title: 'Moby-Dick', about: 'a captain hunts a white whale over all the seas' },
  { title: 'Frankenstein', about: 'a student makes a creature and abandons it' },
  { title: 'The Time Machine', about: 'an inventor travels to the end of the earth' },
];
const wordsOf = (sentence: string): string[] => sentence.toLowerCase().match(/\p{L}{4,}/gu) ?? [];

const ask = defineTool({
  name: 'librarian_ask',
  title: 'Ask for a book',
  description: 'Tells which book of the shelf a question is about.',
  input: z.object({ question: text(1000), correlation_id: CorrelationId }),
  output: z.object({ status: z.literal('success'), answer: z.string(), titles: z.array(z.string()) }),
  readOnly: true,
  scope: 'read',
  handle({ question }, { caller, log }) {
    const asked = new Set(wordsOf(question));
    const found = SHELF.filter(({ about }) => wordsOf(about).some((word) => asked.has(word)));
    const titles = found.map(({ title }) => title);
    log.info({ caller: caller.name, titles }, 'Asked for a book');
    const answer = titles.length === 0 ? 'No book here is about that.' : `Read ${titles.join(' or ')}.`;
    return { status: 'success' as const, answer, titles };
  },
});

await runProcess({
  name: 'librarian',
  env: process.env,
  portKeys: ['MAD_PORT'],
  busPolicy: 'embedded',
  build: (parts) => {
    const port = { port: parts.config.MAD_PORT, portKey: 'MAD_PORT' };
    const librarian = { id: 'librarian', title: 'Librarian', version: '1.2.0', tools: [ask] };
    return { start: [[createMad({ ...madBase(parts), ...port, ...librarian })]] };
  },
});
