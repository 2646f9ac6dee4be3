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
