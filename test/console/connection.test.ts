import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startGroup } from '../kit/group.ts';
import { createMadPlace } from '../kit/mad-place.ts';
import { startTcpProxy } from '../kit/tcp-proxy.ts';
import { type ConsolePage, openConsole } from './kit/console-page.ts';
import { CALLERS, useScene } from './kit/scene.ts';

const scene = useScene();
const say = (text: string) => scene.publish({ payload: { text } });

/** Speaks until it is told to end, some thirty times a second. */
function babble(): () => Promise<number> {
  let said = 0;
  let isOver = false;
  const done = (async () => {
    while (!isOver) {
      said += 1;
      await say(`babble ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  })();
  return async () => {
    isOver = true;
    await done;
    return said;
  };
}

/** Waits until the page shows this message, holds still, and compares with the log, position by position. */
async function expectNothingLost({ page, rowPositions }: ConsolePage, last: string): Promise<void> {
  await page.getByText(last, { exact: false }).last().waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  const shown = await rowPositions();
  const log = await scene.logPositions();
  const begin = log.indexOf(shown[0] as string);
  expect(begin).toBeGreaterThanOrEqual(0);
  expect(shown).toEqual(log.slice(begin, begin + shown.length));
}

/** The console through a network of its own. */
async function throughProxy() {
  const proxy = await startTcpProxy(scene.group.ports.rogers);
  onTestFinished(() => proxy.stop());
  const tab = await scene.open('admin', '#/bus', { url: `http://127.0.0.1:${proxy.port}/console` });
  return { proxy, tab };
}

describe('nothing is lost', () => {
  test('by reloads in the middle of it', async () => {
    await say('before the page');
    const tab = await scene.open('admin', '#/bus');
    await tab.page.getByText('before the page').waitFor();
    const first = await tab.page.locator('.row').first().getAttribute('data-position');
    const stop = babble();
    for (let reload = 0; reload < 4; reload += 1) {
      await tab.page.waitForTimeout(300);
      await tab.page.reload();
      await tab.untilLive();
    }
    const said = await stop();
    await say('the last word');
    await expectNothingLost(tab, 'the last word');
    // The page begins where it began before it was loaded anew.
    expect((await tab.rowPositions())[0]).toBe(first);
    expect(said).toBeGreaterThan(20);
  });

  test('by connections that are cut, again and again', async () => {
    const { proxy, tab } = await throughProxy();
    const stop = babble();
    for (let cut = 0; cut < 5; cut += 1) {
      await tab.page.waitForTimeout(200);
      proxy.cut();
      await tab.untilLive();
    }
    await stop();
    await say('after the cuts');
    await expectNothingLost(tab, 'after the cuts');
  });

  test('by a network that is gone for a while: the page says so, keeps what it has, and catches up', async () => {
    const { proxy, tab } = await throughProxy();
    await say('seen before');
    await tab.page.getByText('seen before').waitFor();
    await proxy.refuse();
    await tab.page.getByText('Disconnected.').waitFor();
    await tab.inspect('disconnected');
    expect(await tab.page.getByText('seen before').count()).toBe(1);
    for (let index = 0; index < 50; index += 1) await say(`missed ${index}`);
    await proxy.heal();
    await tab.page.getByRole('button', { name: /^Retry/ }).click();
    await tab.page.getByText('Disconnected.').waitFor({ state: 'detached' });
    await expectNothingLost(tab, 'missed 49');
  });

  test('nor told as silence: the last minute stays as it was last heard, and the page says when', async () => {
    const { proxy, tab } = await throughProxy();
    const { page } = tab;
    await tab.open('#/group');
    for (let index = 0; index < 5; index += 1) {
      await say(`lull ${index}`);
      await page.waitForTimeout(250);
    }
    const flow = page.locator('table.flows tr', { hasText: 'tester' });
    await flow.waitFor();
    await proxy.refuse();
    await page.getByRole('heading', { name: /^Flows of the minute until \d\d:\d\d:\d\d/ }).waitFor();
    const seen = () => page.locator('.group-lower').innerHTML();
    const atFirst = await seen();
    // Each second the bars moved on.
    await page.waitForTimeout(2500);
    expect(await seen()).toBe(atFirst);
    expect(await page.locator('.bus-line').textContent()).toMatch(/last heard at \d\d:\d\d:\d\d$/);
    await proxy.heal();
    await page.getByRole('heading', { name: 'Flows of the last minute' }).waitFor();
  });

  test('and the line that says so stays in sight of who has scrolled', async () => {
    const { proxy, tab } = await throughProxy();
    const { page } = tab;
    await tab.open('#/group');
    await page.setViewportSize({ width: 600, height: 320 });
    await proxy.refuse();
    const banner = page.locator('.banner.is-bad');
    await banner.waitFor();
    await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
    const { y = -1 } = (await banner.boundingBox()) ?? {};
    expect(await page.evaluate(() => window.scrollY)).toBeGreaterThan(200);
    expect(y).toBeGreaterThan(0);
    expect(y).toBeLessThan(120);
    expect(await banner.textContent()).toContain('as far as the log still has it');
  });

  test('by a connection that dies in silence', async () => {
    const { proxy, tab } = await throughProxy();
    await say('heard');
    await tab.page.getByText('heard').waitFor();
    proxy.blackhole();
    await say('not heard yet');
    await tab.page.getByText('Rogers has fallen silent.').waitFor();
    await proxy.heal();
    await expectNothingLost(tab, 'not heard yet');
  });

  test('by a Rogers that is killed and comes back', async () => {
    const place = await createMadPlace('rogers', {
      REDIS_URL: scene.redis.url,
      MAD_TOKENS: `admin ${CALLERS.admin} admin`,
    });
    onTestFinished(() => place.remove());
    const first = place.spawn();
    await place.untilReady(first);
    const url = `${place.url.replace('ws:', 'http:')}/console`;
    const tab = await scene.open('admin', '#/bus', { url });
    await first.stop('SIGKILL');
    await tab.page.getByText('Disconnected.').waitFor();
    await say('said to nobody');
    const second = place.spawn();
    onTestFinished(async () => void (await second.stop()));
    await place.untilReady(second);
    await expectNothingLost(tab, 'said to nobody');
  });
});

test('a piece of the log that is gone is told where it is missing', async () => {
  const { proxy, tab } = await throughProxy();
  await say('before the gap');
  await tab.page.getByText('before the gap').waitFor();
  await proxy.refuse();
  await say('lost 1');
  await say('lost 2');
  // As the bounds of the log do when it is full.
  const { Redis } = await import('ioredis');
  const redis = new Redis(scene.redis.url);
  await redis.xtrim('{mad}:log', 'MAXLEN', 0);
  await redis.quit();
  await say('after the gap');
  await proxy.heal();
  await tab.page.getByText('after the gap').waitFor();
  const rows = await tab.page.locator('.row').allTextContents();
  // What the log lost and the page still has is in its trace; who never had it is told why it is not there.
  await tab.page.getByText('before the gap').click();
  await tab.page.getByRole('link', { name: 'Follow this conversation' }).click();
  await tab.page.getByText('1 message of these the log has no more').waitFor();
  await tab.page.locator('.hop', { hasText: 'before the gap' }).waitFor();
  const other = await scene.open('admin', new URL(tab.page.url()).hash);
  await other.page.getByText('The log has let go of it').waitFor();
  await other.page.getByText('The log keeps the newest, up to its bounds.').waitFor();
  const gap = rows.findIndex((row) => row.includes('had left the log before they were read'));
  expect(gap).toBeGreaterThan(rows.findIndex((row) => row.includes('before the gap')));
  expect(gap).toBeLessThan(rows.findIndex((row) => row.includes('after the gap')));
});

test('a bus in memory that began anew is told of: in the tail, and in the trace of what went with it', async () => {
  const first = await startGroup();
  const { running, env, dataDir, ports } = first;
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const tab = await openConsole(scene.browser, `http://127.0.0.1:${ports.rogers}/console`);
  onTestFinished(() => tab.close());
  const { page } = tab;
  await tab.open('#/ask');
  await page.getByLabel('Prompt for Fiedler').fill('Plan the steps to move a database');
  await page.keyboard.press('Enter');
  await page.getByText('Completed', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Follow it on the bus' }).click();
  await page.getByText('plan of 3 steps').waitFor();
  const trace = new URL(page.url()).hash;
  await tab.open('#/bus');
  await running.stop();
  await page.getByText('Disconnected.').waitFor();
  const second = await startGroup(env, dataDir);
  onTestFinished(async () => void (await second.stop()));
  await page.getByText('The log began anew here').waitFor();
  await expect.poll(() => page.locator('.row', { hasText: 'up 1.0 s' }).count()).toBeGreaterThan(3);
  await tab.inspect('restart');
  // The page still has what the log has not.
  await tab.open(trace);
  await page.getByText('plan of 3 steps').waitFor();
  await page.getByText(/\d+ messages of these the log has no more.* A bus in memory begins anew/).waitFor();
  await page.reload();
  await page.getByText('The log has let go of it').waitFor();
  await page.getByText('A bus in memory begins anew with each start of the group.').waitFor();
});

test('a token that is taken away ends the view, and another one takes it up again', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'console-tokens-')), 'tokens');
  const line = (token: string): string => `admin ${token} admin\n`;
  writeFileSync(file, line(CALLERS.admin));
  const place = await createMadPlace('rogers', { REDIS_URL: scene.redis.url, MAD_TOKENS_FILE: file });
  onTestFinished(() => place.remove());
  const rogers = place.spawn();
  onTestFinished(async () => void (await rogers.stop()));
  await place.untilReady(rogers);
  const tab = await scene.open('admin', '#/bus', { url: `${place.url.replace('ws:', 'http:')}/console` });
  await say('before the change');
  await tab.page.getByText('before the change').waitFor();
  writeFileSync(file, line('another-token-for-the-admin'));
  await tab.page.getByText('Nobody is known by this token.').waitFor();
  await say('meanwhile');
  await tab.page.getByLabel('Token').fill('another-token-for-the-admin');
  await tab.page.getByRole('button', { name: 'Log in' }).click();
  await expectNothingLost(tab, 'meanwhile');
});

test('a bus that is away is told of, while the page stays', async () => {
  await scene.redis.kill('SIGSTOP');
  const tab = await openConsole(scene.browser, scene.url);
  onTestFinished(() => tab.close());
  await tab.open('#/group');
  await tab.page.getByLabel('Token').fill(CALLERS.admin);
  await tab.page.getByRole('button', { name: 'Log in' }).click();
  await tab.page.getByText('The bus is away.').waitFor();
  await tab.inspect('bus-away');
  await scene.redis.kill('SIGCONT');
  await tab.page.getByText('The bus is away.').waitFor({ state: 'detached' });
});
