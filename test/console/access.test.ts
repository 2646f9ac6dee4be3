import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openConsole } from './kit/console-page.ts';
import { startPrefixProxy } from './kit/prefix-proxy.ts';
import { CALLERS, useScene } from './kit/scene.ts';

const scene = useScene();

describe('the door', () => {
  test('asks for a token, says why one is refused, and opens for one that is known', async () => {
    const tab = await openConsole(scene.browser, scene.url);
    onTestFinished(() => tab.close());
    const { page } = tab;
    await tab.open('');
    const token = page.getByLabel('Token');
    await token.fill('no-such-token-at-all');
    await page.keyboard.press('Enter');
    await page.getByText('Nobody is known by this token.').waitFor();
    expect(await token.getAttribute('aria-invalid')).toBe('true');
    await token.fill(CALLERS.viewer);
    await page.keyboard.press('Enter');
    await tab.untilLive();
    expect(tab.problems).toEqual([]);
  });

  test('the token is in this tab’s session, and in no address, cookie, lasting store or page', async () => {
    const { page } = await scene.open('alice', '#/bus');
    const secret = CALLERS.alice;
    const seen: string[] = [];
    page.on('request', (request) => seen.push(`${request.url()} ${request.postData() ?? ''}`));
    for (const view of ['group', 'traffic', 'tasks', 'ask', 'bus']) {
      await page.goto(`${scene.url}/#/${view}`);
      await page.locator('h1').first().waitFor();
    }
    await page.reload();
    await page.locator('.link-state.is-live').waitFor();
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.filter((line) => line.includes(secret))).toEqual([]);
    expect(await page.context().cookies()).toEqual([]);
    expect(page.url()).not.toContain(secret);
    expect(await page.content()).not.toContain(secret);
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain(secret);
    expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).toContain(secret);
  });

  test('a log-out forgets, and the next caller sees nothing of the one before', async () => {
    await scene.publish({ payload: { text: 'for alice alone' }, headers: { owner: 'alice' } });
    const { page } = await scene.open('alice', '#/bus');
    await page.getByText('for alice alone').waitFor();
    await page.locator('.account summary').click();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Token').waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await page.getByLabel('Token').fill(CALLERS.viewer);
    await page.keyboard.press('Enter');
    await page.getByText('another caller’s message').first().waitFor();
    expect(await page.content()).not.toContain('for alice alone');
  });

  test('markup in a message is text', async () => {
    const text = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await scene.publish({ payload: { text }, senderId: '<b>bold</b>' });
    const tab = await scene.open('viewer', '#/bus?text=onerror');
    await tab.page.locator('.row').last().click();
    await expect.poll(() => tab.page.locator('.json').textContent()).toContain('<script>');
    expect(await tab.page.locator('.detail :is(img, script, b)').count()).toBe(0);
    expect(tab.problems).toEqual([]);
  });
});

test('works below a path of a proxy, as an Ingress gives it', async () => {
  const proxy = await startPrefixProxy('/mads', scene.group.ports.rogers);
  onTestFinished(() => proxy.stop());
  const tab = await scene.open('alice', '#/group', { url: `http://127.0.0.1:${proxy.port}/mads/console` });
  await tab.page.locator('[data-member=fiedler]').click();
  await tab.page.getByText('Database', { exact: true }).waitFor();
  await tab.page.getByRole('link', { name: 'Traffic' }).click();
  await tab.page.locator('.plot canvas').waitFor();
  await scene.publish({ payload: { text: 'through the proxy' } });
  await tab.page.getByRole('link', { name: 'Bus', exact: true }).click();
  await tab.page.getByText('through the proxy').waitFor();
  // Without the slash at its end, too.
  const bare = await fetch(`http://127.0.0.1:${proxy.port}/mads/console`);
  expect(bare.url).toBe(`http://127.0.0.1:${proxy.port}/mads/console/`);
  expect(tab.problems).toEqual([]);
});

/** Presses Tab until what has the focus is called so; round the page at most once. */
async function tabTo(page: Page, name: string): Promise<void> {
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await expect
    .poll(
      async () => {
        await page.keyboard.press('Tab');
        return page.evaluate(() => document.activeElement?.textContent?.trim());
      },
      { interval: 1 },
    )
    .toBe(name);
}

test('every view can be reached and worked by keyboard alone', async () => {
  const { page } = await scene.open('alice');
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim().slice(0, 40));
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
  await page.keyboard.press('Tab');
  expect(await focused()).toMatch(/^rogers/);
  await page.keyboard.press('Enter');
  await expect.poll(focused).toMatch(/^rogers/);
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('H2');
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: /^rogers/ }).waitFor({ state: 'detached' });
  for (const view of ['Traffic', 'Bus', 'Tasks', 'Ask']) {
    await tabTo(page, view);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: view }).waitFor();
    // The new view has the focus, and its name is told.
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
      .toBe(view);
    expect(await page.title()).toBe(`${view} · MAD Group`);
    expect(await page.locator('[aria-current=page]').textContent()).toBe(view);
  }
});

test('nothing that changes all the time is read out', async () => {
  const { page } = await scene.open('alice', '#/bus');
  const regions = page.locator('[aria-live]:not([aria-live=off]), [role=status], [role=alert], [role=log]');
  const said = () => regions.allTextContents();
  const before = await said();
  for (let index = 0; index < 100; index += 1) await scene.publish({ payload: { text: `chatter ${index}` } });
  await page.getByText('chatter 99').waitFor();
  expect(await said()).toEqual(before);
});
