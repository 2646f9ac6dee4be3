import { expect, test } from 'vitest';
import { groupOf } from '../group.test-support.ts';
import { findRefusal } from './refusal.ts';

const mads = (...list: object[]): object => ({ mads: [{ name: 'grace' }, ...list] });
const elsewhere = { values: { sequentialThinkingUrl: 'ws://plans.example:8003' } };

test.each([
  ['nothing but a name', {}],
  ['no planner', mads()],
  ['a planner and what it plans with', mads({ name: 'rogers' }, { name: 'sequential-thinking' })],
  ['a planner that plans elsewhere', mads({ name: 'rogers', ...elsewhere })],
])('a group of %s is carried out', (_what, spec) => {
  expect(findRefusal(groupOf(spec), [], [])).toBeNull();
});

test('one whose planners have nobody to plan with is told whom to add', () => {
  const spec = mads({ name: 'fiedler' }, { name: 'rogers', ...elsewhere });
  expect(findRefusal(groupOf(spec), [], [])).toEqual({
    reason: 'MadMissing',
    message: expect.stringMatching(
      /no sequential-thinking, where fiedler would.*add \{ name: sequential-thinking \}/,
    ),
  });
});

test('every Secret that is missing is named', () => {
  const missing = [
    { field: 'llm.apiKeySecretRef', name: 'openai', key: 'api-key' },
    { field: 'bus.passwordSecretRef', name: 'bus', key: 'password' },
  ];
  expect(findRefusal(groupOf(), [], missing)).toEqual({
    reason: 'SecretMissing',
    message:
      'llm.apiKeySecretRef names the Secret openai with the key api-key, which is not there. bus.passwordSecretRef names the Secret bus with the key password, which is not there. Create it, or correct the name.',
  });
});
