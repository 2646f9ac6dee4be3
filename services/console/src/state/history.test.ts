import type { Stat } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { History, toHourly } from './history.ts';

const NOW = Date.UTC(2026, 10, 21, 12, 30);
const row = (hour: number, sender: string, pattern: string, total: number): Stat => ({
  hour_timestamp: new Date(Date.UTC(2026, 10, 21, hour)).toISOString(),
  sender_id: sender,
  topic_pattern: pattern,
  total_messages: total,
});

test('counts stand at their hours, without holes, the largest series first', () => {
  const rows = [row(12, 'a', 'mad.topic', 5), row(10, 'b', 'mad.topic', 7), row(10, 'a', 'mad.direct', 1)];
  const hourly = toHourly(rows, 'sender_id', 4, NOW);
  expect(hourly.hours.map((second) => new Date(second * 1000).getUTCHours())).toEqual([9, 10, 11, 12]);
  expect(hourly.series).toEqual([
    { name: 'b', counts: [0, 7, 0, 0], total: 7 },
    { name: 'a', counts: [0, 1, 0, 5], total: 6 },
  ]);
  expect(hourly.totals).toEqual([0, 8, 0, 5]);
  expect(hourly.total).toBe(13);
  expect(toHourly(rows, 'topic_pattern', 4, NOW).series.map(({ name, total }) => [name, total])).toEqual([
    ['mad.topic', 12],
    ['mad.direct', 1],
  ]);
});

test('beyond what has a colour of its own is summed up, and nothing is lost', () => {
  const rows = Array.from({ length: 20 }, (_, index) => row(12, `sender-${index}`, 'mad.topic', index + 1));
  const { series, total } = toHourly(rows, 'sender_id', 2, NOW);
  expect(series).toHaveLength(8);
  expect(series.at(-1)?.name).toBe('13 others');
  expect(series.reduce((sum, one) => sum + one.total, 0)).toBe(total);
  expect(total).toBe(210);
});

test('a long answer is read page by page, and an answer that came too late is dropped', async () => {
  const answers: PromiseWithResolvers<unknown>[] = [];
  const inputs: object[] = [];
  const history = new History({
    call: <Reply>(_mad: string, _tool: string, input: object): Promise<Reply> => {
      inputs.push(input);
      const answer = Promise.withResolvers<unknown>();
      answers.push(answer);
      return answer.promise as Promise<Reply>;
    },
  });
  const slow = history.load(168);
  const quick = history.load(6);
  answers[1]?.resolve({ stats: [row(12, 'a', 'mad.topic', 1)], truncated: true, next_before: 'cursor' });
  await expect.poll(() => answers.length).toBe(3);
  answers[2]?.resolve({ stats: [row(11, 'a', 'mad.topic', 2)] });
  await quick;
  answers[0]?.resolve({ stats: [] });
  await slow;
  expect(inputs).toEqual([{ hours: 168 }, { hours: 6 }, { hours: 6, before: 'cursor' }]);
  expect(history.rows.value).toHaveLength(2);
});
