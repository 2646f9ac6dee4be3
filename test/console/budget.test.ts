import { expect, onTestFinished, test } from 'vitest';
import { openConsole } from './kit/console-page.ts';
import { CALLERS, useScene } from './kit/scene.ts';

/** What a cold load may cost. */
const MAX_BYTES = 200_000;
const MAX_MS = 1_000;

const scene = useScene();

/** Opens the console with nothing cached, and weighs what comes until the group is on the screen. */
async function coldLoad(hash: string, ready: string) {
  const tab = await openConsole(scene.browser, scene.url);
  onTestFinished(() => tab.close());
  await tab.page.addInitScript((token) => sessionStorage.setItem('mad-console-token', token), CALLERS.admin);
  const cdp = await tab.page.context().newCDPSession(tab.page);
  await cdp.send('Network.enable');
  const files = new Map<string, string>();
  const underWay = new Set<string>();
  /** What was said before is part of a load; what is said from now on is as long as the group talks. */
  const data = new Set<string>();
  let bytes = 0;
  cdp.on('Network.responseReceived', ({ requestId, response }) => {
    const { pathname, host } = new URL(response.url);
    expect(host).toBe(new URL(scene.url).host);
    if (pathname.includes('/api/')) {
      data.add(requestId);
      return;
    }
    files.set(requestId, pathname);
    underWay.add(requestId);
  });
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (underWay.delete(requestId)) bytes += encodedDataLength;
  });
  cdp.on('Network.dataReceived', ({ requestId, encodedDataLength }) => {
    if (data.has(requestId)) bytes += encodedDataLength;
  });
  await tab.open(hash);
  await tab.page.locator(ready).first().waitFor();
  const paintedMs = await tab.page.evaluate(
    (selector) =>
      new Promise<number>((resolve) => {
        const look = (): void => {
          if (document.querySelector(selector)) resolve(performance.now());
          else requestAnimationFrame(look);
        };
        look();
      }),
    ready,
  );
  // Typefaces come when what is written in them is on the screen; the bus is never idle.
  await tab.page.evaluate(() => document.fonts.ready.then(() => undefined));
  await expect
    .poll(() => [underWay.size, [...files.values()].some((name) => name.endsWith('.woff2'))])
    .toEqual([0, true]);
  return { bytes, paintedMs, names: [...files.values()] };
}

test('a cold load is at most 200 kB and shows the group within a second', async () => {
  const loads = [];
  // As many messages of before as a page asks for.
  for (let n = 0; n < 1000; n += 1) {
    const text = `message ${n} ${Math.random()} with some words in it, and some more of them after these`;
    await scene.publish({ senderId: 'grace', correlationId: `c${n % 50}`, payload: { n, text } });
  }
  for (let index = 0; index < 5; index += 1) loads.push(await coldLoad('#/group', '[data-member=fiedler]'));
  const times = loads.map(({ paintedMs }) => Math.round(paintedMs));
  const { names } = loads[0] as (typeof loads)[0];
  const bytes = Math.max(...loads.map((load) => load.bytes));
  console.log(`cold load: ${bytes} bytes in ${names.length} files; group shown after ${times.join(', ')} ms`);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
  expect(times.toSorted((a, b) => a - b)[2]).toBeLessThanOrEqual(MAX_MS);
});

test('so is the heaviest view', async () => {
  const { bytes, names } = await coldLoad('#/traffic', '.plot canvas');
  console.log(`cold load of the chart: ${bytes} bytes: ${names.join(' ')}`);
  expect(names.some((name) => name.includes('chart'))).toBe(true);
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
});

test('a second load fetches nothing but the page again, and that only asks whether it has changed', async () => {
  const { page } = await scene.open('admin');
  const fetched: [string, number][] = [];
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (!pathname.includes('/api/')) fetched.push([pathname, response.status()]);
  });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  let bytes = 0;
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await page.goto('about:blank');
  await page.goto(`${scene.url}/`);
  await page.locator('[data-member=fiedler]').waitFor();
  expect(fetched.some(([path]) => path.endsWith('.js'))).toBe(true);
  expect(bytes).toBeLessThan(50_000);
});
