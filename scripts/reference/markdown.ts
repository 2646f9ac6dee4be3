/** A page of the reference, with the word that it is generated. */
export const page = (title: string, intro: string, body: string): string =>
  `# ${title}\n\n${intro}\n\n${body.trim()}\n\n<!-- Generated from the code by \`npm run docs\`; do not edit. -->\n`;

/** A table; what would end a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export const code = (text: string): string => `\`${text}\``;

/**
 * A page with another text between its lines `<!-- NAME: … -->` and `<!-- /NAME -->`. Throws where they
 * are not there.
 */
export function replaceSection(text: string, name: string, section: string): string {
  const place = new RegExp(`(<!-- ${name}: [^\\n]* -->\\n)[^]*?(<!-- /${name} -->)`);
  if (!place.test(text))
    throw new Error(`there is no place for ${name}: <!-- ${name}: … --> … <!-- /${name} -->`);
  return text.replace(place, (_, begin: string, end: string) => `${begin}\n${section}\n\n${end}`);
}
