import { expect, test } from 'vitest';
import { PlanSchema } from './thought.ts';

const step = (step_number: number, title = 'Do', description = 'Do it.') => ({
  step_number,
  title,
  description,
});

test('a plan is numbered from 1 without gaps', () => {
  expect(PlanSchema.safeParse({ plan: [step(1), step(2)] }).success).toBe(true);
  expect(PlanSchema.safeParse({ plan: [step(0), step(1)] }).success).toBe(false);
  expect(PlanSchema.safeParse({ plan: [step(1), step(3)] }).success).toBe(false);
});

test.each([
  { plan: [] },
  { plan: [step(1, ' ')] },
  { plan: [step(1, 'Do', '')] },
  { plan: [{ step_number: '1', title: 'Do', description: 'Do it.' }] },
  { steps: [step(1)] },
])('%j is no plan', (value) => {
  expect(PlanSchema.safeParse(value).success).toBe(false);
});
