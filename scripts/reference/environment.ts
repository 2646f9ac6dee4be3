import { CLI_ENVIRONMENT, EnvironmentSchema, SECRET_KEYS } from '@mad-group/mad';
import { code, page, table } from './markdown.ts';

/** The default as it would be written in an environment. */
function defaultOf(key: string): string {
  const value = EnvironmentSchema.shape[key as keyof typeof EnvironmentSchema.shape].safeParse(undefined);
  const isEmpty = value.data === '' || (Array.isArray(value.data) && value.data.length === 0);
  if (!value.success || value.data === undefined || isEmpty) {
    return '—';
  }
  return code(String(value.data));
}

export const environmentPage = (): string =>
  page(
    'Environment',
    `Read once at the start; every bad key is named at once. An empty value counts as absent. ${SECRET_KEYS.map(code).join(', ')} may also come from a file that ${code('{KEY}_FILE')} names; the callers in ${code('MAD_TOKENS_FILE')} are read again when the file changes.`,
    [
      '## Services',
      table(
        ['key', 'default', 'meaning'],
        Object.entries(EnvironmentSchema.shape).map(([key, schema]) => [
          code(key),
          defaultOf(key),
          schema.description ?? '',
        ]),
      ),
      '## Commands: mad-cli, mad-status',
      'They read the ports above too.',
      table(
        ['key', 'meaning'],
        Object.entries(CLI_ENVIRONMENT).map(([key, meaning]) => [code(key), meaning]),
      ),
    ].join('\n\n'),
  );
