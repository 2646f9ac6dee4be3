import { ROGERS_TRIGGERS } from '@mad-group/imperator';
import { expect, test } from 'vitest';
import { PROMPTS } from './prompts.ts';

test('each prompt holds a phrase that goes to Sequential Thinking, and each phrase has its prompt', () => {
  const texts = PROMPTS.map((prompt) => prompt.render({ symptoms: 'fiedler is slow' }).toLowerCase());
  const used = texts.map((text) => ROGERS_TRIGGERS.find((trigger) => text.includes(trigger)));
  expect(used).toEqual([...ROGERS_TRIGGERS]);
});

test('a prompt takes its arguments', () => {
  const [anomalies, , , diagnose] = PROMPTS;
  expect(anomalies?.render({ hours: '6' })).toContain('the last 6 hours');
  expect(anomalies?.render({})).toContain('the last 24 hours');
  expect(diagnose?.render({ symptoms: 'fiedler is slow' })).toContain('fiedler is slow');
});
