import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { ROOT } from '../../kit/process.ts';

/** Screenshots, which a run of CI keeps. */
const SHOTS = join(ROOT, 'test-output', 'console');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export type Look = 'light' | 'dark' | 'phone';
export const LOOKS: readonly Look[] = ['light', 'dark', 'phone'];

const CONTEXTS: Readonly<Record<Look, BrowserContextOptions>> = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  phone: { viewport: { width: 375, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};

/** A tab with the console, and what its browser had to complain of. */
export interface ConsolePage {
  readonly page: Page;
  /** Errors and warnings of the page, and whatever its Content-Security-Policy refused. */
  readonly problems: string[];
  /** Opens a view. */
  open(hash: string): Promise<void>;
  /** Waits until the page reads the bus live. */
  untilLive(): Promise<void>;
  /** What Rogers says of the position of each row of the list, scrolled through from its beginning. */
  rowPositions(): Promise<string[]>;
  /** Keeps a picture, and fails on what axe finds serious. */
  inspect(name: string): Promise<void>;
  close(): Promise<void>;
}

/** The chromium of the system, as Debian packs it. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // In a container there is no other sandbox to be had, and the pages are our own.
    args: [
      '--no-sandbox',
      '--enable-precise-memory-info',
      '--js-flags=--expose-gc',
      // The only one of those that a browser refuses among the ports that tests are given.
      '--explicitly-allowed-ports=10080',
    ],
  });

/** @param url of the console: `http://127.0.0.1:8002/console` */
export async function openConsole(
  browser: Browser,
  url: string,
  { look = 'light', ...options }: BrowserContextOptions & { look?: Look } = {},
): Promise<ConsolePage> {
  const context = await browser.newContext({ ...CONTEXTS[look], ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`error: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    // Refused requests are the tests' own doing.
    if (message.text().startsWith('Failed to load resource')) return;
    if (['error', 'warning'].includes(message.type())) problems.push(`${message.type()}: ${message.text()}`);
  });
  await page.exposeFunction('__refused', (words: string) => problems.push(`policy: ${words}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const { effectiveDirective, blockedURI, sourceFile, lineNumber } = event;
      const words = `${effectiveDirective} ${blockedURI} ${sourceFile}:${lineNumber}`;
      (globalThis as unknown as { __refused(words: string): void }).__refused(words);
    });
  });
  const base = `${url.replace(/\/$/, '')}/`;

  return {
    page,
    problems,
    async open(hash) {
      await page.goto(`${base}${hash}`);
    },
    untilLive: () => page.locator('.link-state.is-live').waitFor(),
    async rowPositions() {
      const list = page.locator('.rows');
      await list.evaluate((element) => element.scrollTo(0, 0));
      const positions: string[] = [];
      for (;;) {
        const seen = await list.evaluate(async (element) => {
          await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
          const rows = [...element.querySelectorAll<HTMLElement>('.row')];
          return {
            rows: rows.map((row) => [Number(row.getAttribute('aria-posinset')), row.dataset.position ?? '']),
            isEnd: element.scrollTop + element.clientHeight >= element.scrollHeight - 1,
          };
        });
        for (const [place, position] of seen.rows as [number, string][]) positions[place - 1] = position;
        if (seen.isEnd) return positions;
        await list.evaluate((element) => element.scrollBy(0, element.clientHeight));
      }
    },
    async inspect(name) {
      await mkdir(SHOTS, { recursive: true });
      await page.screenshot({ path: join(SHOTS, `${name}-${look}.png`) });
      expect(await seriousFindings(page), `axe at ${name}-${look}`).toEqual([]);
    },
    close: () => context.close(),
  };
}

/** What axe calls serious or critical, each with where. */
async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run(document, { preload: false });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join('; ')}`,
      );
  });
}
