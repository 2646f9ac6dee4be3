import { directChannel, HEARTBEAT_CHANNEL } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import { useScene } from './kit/scene.ts';

const scene = useScene();
const say = (text: string, draft: Parameters<typeof scene.publish>[0] = {}) =>
  scene.publish({ payload: { text }, ...draft });

describe('the tail of the bus', () => {
  test('shows every message of the log that the caller may see, in its order, and those that come', async () => {
    for (let index = 0; index < 150; index += 1) await say(`before ${index}`);
    const { page, rowPositions } = await scene.open('admin', '#/bus');
    for (let index = 0; index < 50; index += 1) await say(`live ${index}`);
    await page.getByText('live 49').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    const shown = await rowPositions();
    const log = await scene.logPositions();
    expect(shown.length).toBeGreaterThan(200);
    expect(shown).toEqual(log.slice(0, shown.length));
  });

  test('is filtered by text, kind and sender, and the address holds the filter over a reload', async () => {
    await say('needle in the stack', { senderId: 'sewer', channel: 'mad.topic.hay' });
    await say('needle elsewhere', { senderId: 'pine', channel: 'mad.other.hay' });
    const { page } = await scene.open('admin', '#/bus');
    const rows = page.locator('.row');
    await page.getByPlaceholder('Find a sender').fill('NEEDLE');
    await expect.poll(() => rows.count()).toBe(2);
    const kind = (name: string) => page.getByRole('button', { name, exact: true });
    await kind('Other').click();
    await expect.poll(() => rows.allTextContents()).toEqual([expect.stringContaining('pine')]);
    expect(await kind('Other').getAttribute('aria-pressed')).toBe('true');
    expect(await kind('Topic').getAttribute('aria-pressed')).toBe('false');
    await kind('Topic').click();
    await expect.poll(() => rows.count()).toBe(2);
    await kind('Other').click();
    await expect.poll(() => rows.allTextContents()).toEqual([expect.stringContaining('sewer')]);
    await kind('Topic').click();
    await expect.poll(() => rows.count()).toBe(2);
    await page.getByLabel('Sender').selectOption('pine');
    await expect.poll(() => rows.allTextContents()).toEqual([expect.stringContaining('pine')]);
    expect(page.url()).toContain('text=NEEDLE');
    await page.reload();
    await expect.poll(() => rows.allTextContents()).toEqual([expect.stringContaining('pine')]);
    // What comes is filtered, too.
    await say('another needle', { senderId: 'pine' });
    await say('no match', { senderId: 'pine' });
    await expect.poll(() => rows.count()).toBe(2);
    const clear = page.getByRole('button', { name: 'Clear filters' });
    await clear.click();
    const beats = page.locator('.row .channel', { hasText: 'system.heartbeat' });
    await say('a beat', { channel: HEARTBEAT_CHANNEL });
    await expect.poll(() => beats.count()).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Hide heartbeats' }).click();
    await expect.poll(() => beats.count()).toBe(0);
    expect(await rows.count()).toBeGreaterThan(2);
    expect(new URL(page.url()).hash).toBe('#/bus?kinds=direct%2Ctopic%2Cstream%2Cother');
    await clear.click();
    await expect.poll(() => rows.count()).toBeGreaterThan(2);
    expect(new URL(page.url()).hash).toBe('#/bus');
    await clear.waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('search');
  });

  test('does not bring back who leaves it while the filter is typed', async () => {
    const { page } = await scene.open('admin', '#/bus?kinds=direct');
    const find = page.getByPlaceholder('Find a sender');
    await find.waitFor();
    // In one step of the page: no key can be told from a click that follows at once.
    await find.evaluate((input: HTMLInputElement) => {
      input.value = 'needle';
      input.dispatchEvent(new Event('input', { bubbles: true }));
      document.querySelector<HTMLElement>('a[href="#/traffic"]')?.click();
    });
    await page.getByRole('heading', { name: 'Traffic', level: 1 }).waitFor();
    // Longer than the filter waits for the next key.
    await page.waitForTimeout(400);
    expect(new URL(page.url()).hash).toBe('#/traffic');
  });

  test('keeps an opened message in sight, with a panel that scrolls for itself', async () => {
    for (let index = 0; index < 30; index += 1) await say(`stretched ${index}`);
    const lines = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`line_${index}`, index]));
    await scene.publish({ payload: { text: 'stretched 30', ...lines } });
    const { page } = await scene.open('admin', '#/bus?text=stretched');
    await page.getByText('stretched 30').click();
    await page.getByRole('heading', { name: 'Message' }).waitFor();
    const selected = page.locator('.row[aria-selected=true]');
    const bottom = async () => ((await selected.boundingBox())?.y ?? Infinity) + 30;
    await expect.poll(bottom).toBeLessThanOrEqual(page.viewportSize()?.height ?? 0);
    await page.getByRole('button', { name: 'Resume' }).waitFor();
  });

  test('stands still when paused or scrolled, says how much came meanwhile, and goes on', async () => {
    const { page } = await scene.open('admin', '#/bus?text=marked');
    for (let index = 0; index < 60; index += 1) await say(`marked ${index}`);
    await page.getByText('marked 59').waitFor();
    await page.locator('.rows').evaluate((list) => list.scrollTo(0, 0));
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    const before = await page.locator('.row').allTextContents();
    for (let index = 60; index < 70; index += 1) await say(`marked ${index}`);
    // Heartbeats come, too; what matters is that it counts.
    await page.getByRole('button', { name: /^\d+ newer messages/ }).waitFor();
    await expect.poll(() => page.locator('.to-end').textContent()).toMatch(/^(1\d|[2-9]\d) /);
    expect(await page.locator('.row').allTextContents()).toEqual(before);
    // It is below the rows, and hides none.
    const [list, button] = [
      await page.locator('.rows').boundingBox(),
      await page.locator('.to-end').boundingBox(),
    ];
    expect(button?.y).toBeGreaterThanOrEqual((list?.y ?? Infinity) + (list?.height ?? 0) - 1);
    await page.locator('.to-end').click();
    await page.getByText('marked 69').waitFor();
    await say('marked 70');
    await page.getByText('marked 70').waitFor();
  });

  test('is not paused by a line above it that makes it lower', async () => {
    for (let index = 0; index < 40; index += 1) await say(`lowered ${index}`);
    const { page } = await scene.open('admin', '#/bus?text=lowered');
    await page.getByText('lowered 39').waitFor();
    // In one step of the page: a scroll of its own is told of after the line has come.
    await page.locator('.rows').evaluate((list) => {
      const line = document.createElement('p');
      line.style.flex = '0 0 60px';
      document.querySelector('main')?.before(line);
      list.dispatchEvent(new Event('scroll'));
    });
    await say('lowered 40');
    await page.getByText('lowered 40').waitFor();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
  });

  test('can be walked through and opened by keyboard, and gives the focus back', async () => {
    for (const text of ['key one', 'key two', 'key three']) await say(text);
    const { page } = await scene.open('admin', '#/bus?text=key+');
    await page.getByText('key three').waitFor();
    const list = page.getByRole('listbox');
    await list.focus();
    const active = () => page.locator('.row.is-active').textContent();
    await page.keyboard.press('ArrowUp');
    await expect.poll(active).toContain('key three');
    await page.keyboard.press('ArrowUp');
    await expect.poll(active).toContain('key two');
    await page.keyboard.press('Home');
    await expect.poll(active).toContain('key one');
    const named = await list.getAttribute('aria-activedescendant');
    expect(await page.locator(`#${named}`).textContent()).toContain('key one');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Message' }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('message');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toBe('rows');
  });

  test('says times in the reader’s zone, names it, and has them in UTC, too', async () => {
    await say('at what time');
    const { page } = await scene.open('admin', '#/bus?text=at+what+time', { timezoneId: 'Asia/Tokyo' });
    await page.getByText('Times in Asia/Tokyo').waitFor();
    const row = page.locator('.row').last();
    const shown = (await row.locator('time').textContent()) ?? '';
    const asUtc = (await row.locator('time').getAttribute('title')) ?? '';
    expect(asUtc).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC$/);
    const hour = (Number(asUtc.slice(11, 13)) + 9) % 24;
    expect(shown).toBe(`${String(hour).padStart(2, '0')}${asUtc.slice(13, 23)}`);
    await row.click();
    const facts = page.locator('.detail .facts');
    await expect.poll(() => facts.textContent()).toMatch(/Time in Asia\/Tokyo\d+ \w+, \d\d:.*Time in UTC2/);
  });

  test('a large payload is fetched whole when it is looked at', async () => {
    await say(`big ${'x'.repeat(50_000)} end`);
    const { page } = await scene.open('admin', '#/bus?text=big');
    await page.locator('.row').last().click();
    await expect.poll(() => page.locator('.json').textContent()).toMatch(/x{50000} end/);
  });

  test('of another caller’s messages shows only that they were', async () => {
    await say('secret of alice', {
      channel: 'mad.stream.task-9',
      senderId: 'fiedler',
      headers: { owner: 'alice' },
    });
    await say('for all');
    const viewer = await scene.open('viewer', '#/bus');
    await viewer.page.getByText('for all').waitFor();
    expect(await viewer.page.getByText('another caller’s message').count()).toBeGreaterThan(0);
    expect(await viewer.page.content()).not.toContain('secret of alice');
    const alice = await scene.open('alice', '#/bus');
    await alice.page.getByText('secret of alice').waitFor();
  });
});

describe('a trace', () => {
  test('follows one correlation id from a click through all of its hops, and on', async () => {
    const correlationId = 'order 66/x?y';
    const hop = (text: string, draft: Parameters<typeof scene.publish>[0] = {}) =>
      say(text, { correlationId, ...draft });
    await hop('first hop', { channel: directChannel('fiedler'), recipientId: 'fiedler' });
    await say('not of it');
    await hop('second hop', { senderId: 'fiedler', channel: directChannel('tester'), recipientId: 'tester' });
    const { page } = await scene.open('admin', '#/bus');
    await page.getByText('second hop').click();
    await page.getByRole('link', { name: 'Follow this conversation' }).click();
    const hops = page.locator('.hop');
    await expect.poll(() => hops.count()).toBe(2);
    expect(await hops.first().textContent()).toMatch(/tester.*fiedler.*first hop/);
    expect(await page.locator('.whole-id').textContent()).toBe(correlationId);
    await hop('third hop, live');
    await expect.poll(() => hops.count()).toBe(3);
    await hops.nth(2).locator('summary').click();
    await expect.poll(() => hops.nth(2).locator('.json').textContent()).toContain('third hop, live');
    // It is in the log, so a reload has it again.
    await page.reload();
    await expect.poll(() => hops.count()).toBe(3);
    await page.getByText('not of it').waitFor({ state: 'detached' });
  });

  test('finds what the page itself never read', async () => {
    await say('very early', { correlationId: 'early' });
    for (let index = 0; index < 1200; index += 1) void say(`noise ${index}`);
    await expect.poll(async () => (await scene.logPositions()).length).toBeGreaterThan(1200);
    const { page } = await scene.open('admin', '#/trace/early');
    await page.getByText('very early').waitFor();
  });
});

describe('the group', () => {
  const beat = (health: string) =>
    scene.publish({
      senderId: 'librarian',
      channel: HEARTBEAT_CHANNEL,
      payload: {
        type: 'heartbeat',
        mad_id: 'librarian',
        instance_id: 'one',
        version: '9.9.9',
        health,
        uptime_s: 5,
      },
    });
  const card = 'button[data-member=librarian]';

  test('shows each MAD with its state, as it changes', async () => {
    const { page } = await scene.open('viewer');
    for (const id of ['rogers', 'grace', 'fiedler', 'sequential-thinking']) {
      await expect.poll(() => page.locator(`[data-member=${id}]`).textContent()).toContain('Healthy');
    }
    await beat('HEALTHY');
    await beat('HEALTHY');
    await expect.poll(() => page.locator(card).textContent()).toContain('Healthy');
    await beat('DEGRADED');
    await expect.poll(() => page.locator(card).textContent()).toContain('Degraded');
    await beat('STOPPING');
    await expect.poll(() => page.locator(card).textContent()).toContain('Disconnected');
  });

  test('counts what flows from whom to whom, and a member says how it is', async () => {
    const { page } = await scene.open('viewer');
    for (let index = 0; index < 7; index += 1) {
      await say('ping', { senderId: 'pinger', channel: directChannel('ponger'), recipientId: 'ponger' });
    }
    const row = page.locator('table.flows tr', { hasText: 'ponger' });
    await expect.poll(() => row.textContent()).toMatch(/^pingerponger from pinger7$/);
    await say('pong', { senderId: 'pinger', channel: directChannel('another'), recipientId: 'another' });
    await row.getByRole('link', { name: 'ponger from pinger' }).click();
    await expect.poll(() => page.locator('.row').count()).toBe(7);
    await page.getByRole('button', { name: 'Not only to ponger' }).click();
    await expect.poll(() => page.locator('.row').count()).toBe(8);
    await page.getByRole('link', { name: 'Group', exact: true }).click();
    await page.locator('[data-member=pinger]').click();
    await expect.poll(() => page.locator('.detail').textContent()).toMatch(/Sent in a minute8/);
    await page.locator('[data-member=fiedler]').click();
    await expect.poll(() => page.locator('.detail').textContent()).toMatch(/Version0\.1\.0.*DatabaseOK/);
    expect(await page.locator('.detail').textContent()).toContain('Fiedler takes prompts as tasks.');
    // To ask it was talk on the bus, too, and is no talk of Rogers' own.
    const asking = page.locator('table.flows tr', {
      hasText: 'fiedler from rogers, for a console',
    });
    await asking.waitFor();
    await page.getByRole('link', { name: 'Its messages' }).click();
    await expect.poll(() => page.getByLabel('Sender').inputValue()).toBe('fiedler');
  });

  test('messages are seen to move, and not where motion is unwanted', async () => {
    /** Whether the picture changes within some frames of a message. */
    const moves = async (reducedMotion: 'reduce' | 'no-preference'): Promise<boolean> => {
      const { page } = await scene.open('viewer', '#/group', { reducedMotion });
      await page.locator('[data-member=tester]').waitFor();
      const draws = page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            let dots = 0;
            const original = CanvasRenderingContext2D.prototype.arc;
            CanvasRenderingContext2D.prototype.arc = function (...given) {
              dots += 1;
              return original.apply(this, given);
            };
            setTimeout(() => resolve(dots), 2_000);
          }),
      );
      for (let index = 0; index < 5; index += 1) await say('move');
      return (await draws) > 0;
    };
    expect(await moves('no-preference')).toBe(true);
    expect(await moves('reduce')).toBe(false);
  });
});
