import { describe, expect, test } from 'vitest';
import { addPastTraffic, pastMessages } from './kit/past-traffic.ts';
import { useScene } from './kit/scene.ts';

const scene = useScene();
const say = (text: string, draft: Parameters<typeof scene.publish>[0] = {}) =>
  scene.publish({ payload: { text }, ...draft });

/** Rows and the foot of the table whose last number is not what stands before it, or above it. Runs in the page. */
function wrongSums(table: Element): string[] {
  const numbers = (row: Element): number[] =>
    [...row.querySelectorAll('td')].map(({ textContent }) => Number(textContent?.replaceAll(',', '')));
  const rows = [...table.querySelectorAll('tbody tr, tfoot tr')];
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  const wrong = rows.filter((row) => sum(numbers(row).slice(0, -1)) !== numbers(row).at(-1));
  const above = sum(rows.slice(0, -1).map((row) => numbers(row).at(-1) ?? 0));
  const last = rows.at(-1);
  if (last && above !== numbers(last).at(-1)) wrong.push(last);
  return wrong.map(({ textContent }) => textContent ?? '');
}

describe('traffic', () => {
  test('shows what Rogers counted, by sender and by topic, as a chart and as a table', async () => {
    for (let index = 0; index < 40; index += 1)
      void say('count me', { senderId: 'counted', channel: 'mad.other.thing' });
    const tab = await scene.open('viewer', '#/traffic');
    const { page } = tab;
    await page.locator('.plot canvas').waitFor();
    const legend = page.locator('.legend li', { hasText: /^counted/ });
    await expect.poll(() => legend.textContent(), { timeout: 40_000 }).toMatch(/^counted4040 in all$/);
    await page.locator('.plot').focus();
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => legend.textContent()).toMatch(/^counted040 in all$/);
    await page.getByRole('radio', { name: 'Topic' }).check();
    await page.getByRole('checkbox', { name: 'As a table' }).check();
    await expect.poll(() => page.locator('table.hours thead').textContent()).toContain('mad.other');
    await page.getByRole('radio', { name: '7 days' }).check();
    await expect.poll(() => page.locator('table.hours tbody tr').count()).toBe(168);
    const hash = () => new URL(page.url()).hash;
    expect(hash()).toBe('#/traffic?hours=168&by=topic&as=table');
    await page.reload();
    await expect.poll(() => page.locator('table.hours tbody tr').count()).toBe(168);
    expect(await page.getByRole('radio', { name: 'Topic' }).isChecked()).toBe(true);
    expect(tab.problems).toEqual([]);
  });

  test('goes back over hours and days, each hour in its own place', async () => {
    addPastTraffic(scene.group.dataDir);
    const { page } = await scene.open('viewer', '#/traffic');
    await page.getByRole('checkbox', { name: 'As a table' }).check();
    /** Sums of the rows, the newest hour first. */
    const sums = () =>
      page
        .locator('table.hours tbody tr')
        .evaluateAll((rows) =>
          rows.map((row) =>
            [...row.querySelectorAll('td:not(.sum)')].reduce(
              (sum, { textContent }) => sum + Number(textContent?.replaceAll(',', '')),
              0,
            ),
          ),
        );
    for (const [window, hours] of [
      ['6 h', 6],
      ['24 h', 24],
      ['3 days', 72],
      ['7 days', 168],
    ] as const) {
      await page.getByRole('radio', { name: window }).check();
      const past = Array.from({ length: hours - 1 }, (_, index) => pastMessages(index + 1));
      await expect.poll(async () => (await sums()).slice(1)).toEqual(past);
      expect(await page.locator('table.hours').evaluate(wrongSums)).toEqual([]);
    }
  });
});
