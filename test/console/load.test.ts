import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useScene } from './kit/scene.ts';

/** Messages a second, and for how long: what a busy group says. */
const PER_SECOND = 200;
const SECONDS = 40;
/** A page that draws each frame in this time is used without a thought. */
const SMOOTH_MS = 50;
/** Frames are judged by the median of several spans, in milliseconds: a moment's load of the machine is no slow page. */
const SPAN_MS = 10_000;

const scene = useScene();

/** Speaks at a steady rate, as four MADs of their own conversations. */
async function speak(seconds: number): Promise<number> {
  const beganMs = performance.now();
  let said = 0;
  const underWay: Promise<string>[] = [];
  while (performance.now() - beganMs < seconds * 1000) {
    const due = ((performance.now() - beganMs) / 1000) * PER_SECOND;
    for (; said < due; said += 1) {
      const sender = ['grace', 'fiedler', 'librarian', 'planner'][said % 4] as string;
      const text = `message ${said} ${'with some words in it '.repeat(said % 20)}`;
      underWay.push(
        scene.publish({ senderId: sender, correlationId: `c${said % 50}`, payload: { n: said, text } }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await Promise.all(underWay);
  return said;
}

/** Bytes of the page's heap that are really in use. */
async function heapOf(page: Page): Promise<number> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  await cdp.detach();
  return usedSize;
}

/** Counts frames until told to end, and how long the longest piece of work between two of them was. */
const watchFrames = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const times: number[] = [];
    const tasks: number[] = [];
    let last = performance.now();
    const tick = (now: number): void => {
      times.push(now - last);
      last = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration);
    }).observe({ type: 'longtask' });
    Object.assign(globalThis, { __frames: times, __tasks: tasks });
  });

const framesOf = (page: Page): Promise<{ frames: number[]; longTasks: number[] }> =>
  page.evaluate(() => {
    const { __frames, __tasks } = globalThis as unknown as { __frames: number[]; __tasks: number[] };
    return { frames: __frames, longTasks: __tasks };
  });

/** Frames of each whole span. */
function spansOf(frames: readonly number[]): number[][] {
  const spans: number[][] = [];
  let sumMs = 0;
  for (const frame of frames) {
    const index = Math.floor(sumMs / SPAN_MS);
    spans[index] ??= [];
    spans[index].push(frame);
    sumMs += frame;
  }
  return spans.slice(0, Math.floor(sumMs / SPAN_MS));
}

const percentile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * part)] ?? 0;

test.each(['#/bus', '#/group'])(
  'at 200 messages a second %s stays smooth, shows all of them, and its memory stays bounded',
  // To scroll through ten thousand rows takes a while.
  { timeout: 300_000 },
  async (hash) => {
    const tab = await scene.open('admin', hash);
    const { page } = tab;
    // Until what the page keeps is full, its memory may grow; from then on it may not.
    await speak(10);
    await watchFrames(page);
    const heapBefore = await heapOf(page);
    const said = await speak(SECONDS);
    const marker = `the end of ${hash}`;
    const endMs = performance.now();
    await scene.publish({ payload: { text: marker } });
    if (hash === '#/bus') await page.getByText(marker).waitFor();
    else {
      await page.getByRole('link', { name: 'Bus', exact: true }).click();
      await page.getByText(marker).waitFor();
    }
    const lagMs = performance.now() - endMs;
    const { frames, longTasks } = await framesOf(page);
    const heapAfter = await heapOf(page);
    const spanP95s = spansOf(frames).map((span) => percentile(span, 0.95));
    const figures = {
      said,
      lagMs: Math.round(lagMs),
      frames: frames.length,
      p50: percentile(frames, 0.5).toFixed(1),
      p95: percentile(frames, 0.95).toFixed(1),
      p95OfSpans: spanP95s.map((p95) => p95.toFixed(1)),
      p99: percentile(frames, 0.99).toFixed(1),
      longest: Math.max(...frames).toFixed(0),
      longTasks: longTasks.length,
      heapMB: `${(heapBefore / 1e6).toFixed(1)} → ${(heapAfter / 1e6).toFixed(1)}`,
    };
    console.log(`${hash}:`, JSON.stringify(figures));
    expect(said).toBeGreaterThanOrEqual(PER_SECOND * SECONDS * 0.95);
    expect(percentile(spanP95s, 0.5)).toBeLessThan(SMOOTH_MS);
    // Ten thousand messages are kept, at some kilobytes each: no more, however long it goes on.
    expect(heapAfter).toBeLessThan(120e6);
    expect(tab.problems).toEqual([]);
    if (hash !== '#/bus') return;
    await page.getByRole('button', { name: 'Pause' }).click();
    const shown = await tab.rowPositions();
    const log = await scene.logPositions();
    const begin = log.indexOf(shown[0] as string);
    expect(shown.length).toBeGreaterThan(said);
    expect(shown).toEqual(log.slice(begin, begin + shown.length));
  },
);
