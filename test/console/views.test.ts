import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { connectTools, type ToolClient } from '@mad-group/mad';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Group, startGroup } from '../kit/group.ts';
import { type ConsolePage, LOOKS, openConsole, startBrowser } from './kit/console-page.ts';
import { addPastTraffic } from './kit/past-traffic.ts';
import { type StageModel, startStageModel } from './kit/stage-model.ts';

const TOKENS = [
  'ops    the-token-of-ops-for-tests    read,converse,publish,admin',
  'viewer the-token-of-viewer-for-tests read',
].join('\n');

let redis: TestRedis;
let model: StageModel;
let group: Group;
let browser: Browser;
let grace: ToolClient;
let talk: ReturnType<typeof setInterval>;

beforeAll(async () => {
  redis = await startRedis();
  model = await startStageModel();
  group = await startGroup({
    REDIS_URL: redis.url,
    OPENAI_BASE_URL: model.baseUrl,
    MAD_TOKENS: TOKENS,
  });
  addPastTraffic(group.dataDir);
  browser = await startBrowser();
  const token = 'the-token-of-ops-for-tests';
  grace = await connectTools(group.url('grace'), { token });
  const fiedler = await connectTools(group.url('fiedler'), { token });
  for (const prompt of [
    'Which tasks failed today?',
    'Plan the steps to move a database',
    'Say something slowly',
  ]) {
    await fiedler.call('fiedler_converse', { prompt, requester_id: 'ops', correlation_id: `corr ${prompt}` });
  }
  await fiedler.close();
  let said = 0;
  talk = setInterval(() => {
    said += 1;
    const channel = said % 3 === 0 ? 'mad.direct.fiedler' : 'mad.topic.builds';
    void grace.call('grace_send_message', {
      channel,
      payload: { build: said, result: said % 7 ? 'passed' : 'failed' },
    });
  }, 100);
});
afterAll(async () => {
  clearInterval(talk);
  await browser?.close();
  await grace?.close();
  await group?.stop();
  await model?.stop();
  await redis?.stop();
});

const consoleUrl = (): string => `http://127.0.0.1:${group.ports.rogers}/console`;

async function logIn({ page }: ConsolePage, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.locator('.shell').waitFor();
}

/** What each view shows when it is ready to be looked at. */
const VIEWS: readonly [name: string, hash: string, ready: (tab: ConsolePage) => Promise<unknown>][] = [
  ['group', '#/group', ({ page }) => page.locator('[data-member=fiedler]').waitFor()],
  [
    'member',
    '#/group',
    async ({ page }) => {
      await page.locator('[data-member=fiedler]').click();
      await page.getByText('Sequential Thinking', { exact: true }).waitFor();
    },
  ],
  ['traffic', '#/traffic', ({ page }) => page.locator('.plot canvas').waitFor()],
  [
    'traffic-table',
    '#/traffic',
    async ({ page }) => {
      await page.getByRole('checkbox', { name: 'As a table' }).check();
      await page.locator('table.hours').waitFor();
    },
  ],
  ['bus', '#/bus', ({ page }) => page.locator('.row').nth(3).waitFor()],
  [
    'bus-message',
    '#/bus?kinds=topic',
    async ({ page }) => {
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.locator('.row').nth(2).click();
      await page.getByRole('heading', { name: 'Message' }).waitFor();
    },
  ],
  ['bus-empty', '#/bus?text=nobody+says+this', ({ page }) => page.getByText('No message matches').waitFor()],
  ['tasks', '#/tasks', ({ page }) => page.locator('.task-row').nth(2).waitFor()],
  [
    'task',
    '#/tasks',
    async ({ page }) => {
      await page
        .getByRole('link', { name: /move a database/ })
        .last()
        .click();
      await page.getByText('Look at the present database').waitFor();
      await page.locator('.tool').waitFor();
    },
  ],
  [
    'task-running',
    '#/tasks',
    async ({ page }) => {
      await page.getByRole('link', { name: /slowly/ }).click();
      await page.getByText(/^Move it in four steps/).waitFor();
    },
  ],
  [
    'trace',
    `#/trace/${encodeURIComponent('corr Plan the steps to move a database')}`,
    ({ page }) => page.locator('.hop').nth(6).waitFor(),
  ],
  [
    'ask',
    '#/ask',
    async ({ page }) => {
      await page.getByLabel('Prompt for Fiedler').fill('Plan the steps to move a database');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.getByText('Completed', { exact: true }).waitFor();
    },
  ],
  ['ask-empty', '#/ask', ({ page }) => page.getByLabel('Prompt for Fiedler').waitFor()],
];

describe.each(LOOKS)('in %s', (look) => {
  let tab: ConsolePage;
  beforeAll(async () => {
    tab = await openConsole(browser, consoleUrl(), { look });
    await tab.open('');
    await tab.page.getByLabel('Token').waitFor();
    await tab.inspect('login');
    await logIn(tab, 'the-token-of-ops-for-tests');
    await tab.untilLive();
  });
  afterAll(() => tab?.close());

  test.each(VIEWS)('%s is shown, accessible, and breaks no policy', async (name, hash, ready) => {
    await tab.page.evaluate(() => sessionStorage.removeItem('mad-console-talk'));
    // Away first, so that each view begins as itself.
    await tab.open('#/group');
    await tab.page.reload();
    await tab.untilLive();
    await tab.open(hash);
    await ready(tab);
    await tab.inspect(name);
    const overflow = await tab.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, 'wider than the screen, in pixels').toBeLessThanOrEqual(0);
    expect(tab.problems).toEqual([]);
  });

  test('the menu of the account is accessible', async () => {
    await tab.open('#/group');
    await tab.page.locator('.account summary').click();
    await tab.page.getByText('may: read, converse, publish, admin').waitFor();
    await tab.inspect('account');
    await tab.page.keyboard.press('Escape');
    await expect.poll(() => tab.page.locator('.account').getAttribute('open')).toBeNull();
  });

  test('to one who may only read, what acts is shown with the reason', async () => {
    const reader = await openConsole(browser, consoleUrl(), { look });
    await reader.open('#/ask');
    await logIn(reader, 'the-token-of-viewer-for-tests');
    await reader.page.getByText('this needs “converse”').waitFor();
    await reader.inspect('ask-read-only');
    expect(reader.problems).toEqual([]);
    await reader.close();
  });

  test('a picture without messages moving is the same picture', async () => {
    const calm = await openConsole(browser, consoleUrl(), { look, reducedMotion: 'reduce' });
    await calm.open('#/group');
    await logIn(calm, 'the-token-of-ops-for-tests');
    await calm.page.locator('[data-member=fiedler]').waitFor();
    await calm.page.locator('.account summary').click();
    expect(await calm.page.getByLabel('Show messages moving').isChecked()).toBe(false);
    await calm.page.keyboard.press('Escape');
    await calm.inspect('group-calm');
    await calm.close();
  });
});
