import { connectTools } from '@mad-group/mad';
import { describe, expect, test } from 'vitest';
import { CALLERS, useScene } from './kit/scene.ts';
import { ANSWER, HELD_WORDS, PLAN } from './kit/stage-model.ts';

const scene = useScene();
const heldPart = (ANSWER.match(/\S+\s*/g) ?? []).slice(0, HELD_WORDS).join('').trim();

async function ask(name: keyof typeof CALLERS, prompt: string): Promise<string> {
  const fiedler = await connectTools(scene.group.url('fiedler'), { token: CALLERS[name] });
  const { task_id } = await fiedler.callOrThrow('fiedler_converse', { prompt, requester_id: name });
  await fiedler.close();
  return task_id as string;
}
async function statusOf(name: keyof typeof CALLERS, taskId: string): Promise<unknown> {
  const fiedler = await connectTools(scene.group.url('fiedler'), { token: CALLERS[name] });
  const { status, owner, requester_id } = await fiedler.call('fiedler_get_task_status', { task_id: taskId });
  await fiedler.close();
  return { status, owner, requester_id };
}

describe('tasks', () => {
  test('a new one appears, its words come while it speaks, and its end is seen without a reload', async () => {
    const { page } = await scene.open('alice', '#/tasks');
    await page.getByText('No tasks yet').waitFor();
    await ask('alice', 'Speak slowly');
    const row = page.locator('.task-row', { hasText: 'Speak slowly' });
    await expect.poll(() => row.textContent()).toContain('Streaming');
    await row.click();
    await expect.poll(() => page.locator('.answer').textContent()).toContain(heldPart);
    expect(await page.locator('.answer').textContent()).not.toContain('matter of seconds');
    expect(await page.locator('.answer').getAttribute('aria-busy')).toBe('true');
    scene.model.release();
    await expect.poll(() => page.locator('.answer').textContent()).toBe(ANSWER);
    await expect.poll(() => row.textContent()).toContain('Completed');
    // The end is said once to who cannot see it; the words before it were not.
    expect(await page.getByRole('status').filter({ hasText: 'fiedler has answered' }).count()).toBe(1);
  });

  test('shows Sequential Thinking’s plan as steps, and each tool with its answer', async () => {
    const taskId = await ask('alice', 'Plan the steps to move a database');
    const { page } = await scene.open('alice', `#/tasks/fiedler/${taskId}`);
    await expect
      .poll(() => page.locator('.plan li strong').allTextContents())
      .toEqual(PLAN.map(({ title }) => title));
    const tool = page.locator('.tool');
    await expect
      .poll(() => tool.locator('summary').textContent())
      .toMatch(/^list_recent_tasks\{"limit":2\}\d+ ms$/);
    await tool.locator('summary').click();
    await expect.poll(() => tool.locator('pre').textContent()).toContain('Plan the steps to move a database');
    await page.getByRole('link', { name: 'Follow it on the bus' }).click();
    await page.getByText('plan of 4 steps').waitFor();
    await page.getByText('over a connection of its own, and not over the bus').waitFor();
    await page.getByRole('link', { name: 'Its task' }).click();
    await page.locator('.plan').waitFor();
    expect(new URL(page.url()).hash).toBe(`#/tasks/fiedler/${taskId}`);
  });

  test('cancel ends it, as its owner', async () => {
    const taskId = await ask('alice', 'Speak slowly, and be cancelled');
    const { page } = await scene.open('alice', `#/tasks/fiedler/${taskId}`);
    await expect.poll(() => page.locator('.answer').textContent()).toContain(heldPart);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('It was cancelled.').waitFor();
    expect(await statusOf('alice', taskId)).toMatchObject({ status: 'CANCELLED' });
    await expect
      .poll(() => scene.group.log().find(({ msg }) => msg === 'Console action'))
      .toMatchObject({ caller: 'alice', tool: 'fiedler_cancel_task', outcome: 'ok', task_id: taskId });
  });

  test('are filtered by state and MAD, and the address holds the filter beside the one that is open', async () => {
    const { page } = await scene.open('alice', '#/ask');
    await page.getByRole('radio', { name: 'Rogers' }).check();
    await page.getByLabel('Prompt for Rogers').fill('Is everything up, of all there is?');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Completed', { exact: true }).waitFor();
    const taskId = await ask('alice', 'Speak slowly, to be filtered');
    await page.getByRole('link', { name: 'Tasks', exact: true }).click();
    const rows = page.locator('.task-row');
    await expect.poll(() => rows.first().textContent()).toContain('to be filtered');
    await page.getByRole('combobox', { name: 'State', exact: true }).selectOption('Under way');
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByText(/; 1 shown of the \d+ newest tasks$/).waitFor();
    await rows.click();
    await page.getByRole('link', { name: 'Follow it on the bus' }).waitFor();
    expect(new URL(page.url()).hash).toBe(`#/tasks/fiedler/${taskId}?state=open`);
    await page.reload();
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByRole('combobox', { name: 'MAD', exact: true }).selectOption('rogers');
    await page.getByText('No task is of this kind').waitFor();
    await page.getByRole('combobox', { name: 'State', exact: true }).selectOption('All states');
    await expect.poll(() => rows.allTextContents()).toEqual([expect.stringContaining('of all there is')]);
    await page.getByRole('link', { name: 'Close' }).click();
    expect(new URL(page.url()).hash).toBe('#/tasks?mad=rogers');
    scene.model.release();
  });

  test('of others are the admin’s to see, and nobody else’s', async () => {
    const taskId = await ask('alice', 'Only alice and admins see this');
    const viewer = await scene.open('viewer', `#/tasks/fiedler/${taskId}`);
    await viewer.page.getByText(`Task with id '${taskId}' not found.`).first().waitFor();
    await viewer.page.getByText('No tasks yet').waitFor();
    const admin = await scene.open('admin', '#/tasks');
    const row = admin.page.locator('.task-row', { hasText: 'Only alice and admins' });
    await expect.poll(() => row.textContent()).toContain('of alice');
  });

  test('to who may only read, cancel is there, disabled, with the reason', async () => {
    const taskId = await ask('alice', 'Speak slowly for the reader');
    const { page } = await scene.open('alice', `#/tasks/fiedler/${taskId}`);
    await page.route('**/api/session', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), scopes: ['read'] } });
    });
    await page.reload();
    const cancel = page.getByRole('button', { name: 'Cancel' });
    await expect.poll(() => cancel.getAttribute('aria-disabled')).toBe('true');
    await page.getByText('this needs “converse”').waitFor();
    await cancel.click({ force: true });
    scene.model.release();
    await expect.poll(() => statusOf('alice', taskId)).toMatchObject({ status: 'COMPLETED' });
  });
});

describe('the prompt box', () => {
  test('asks Fiedler, and shows plan, tools and words as they come; the task is the caller’s', async () => {
    const tab = await scene.open('alice', '#/ask');
    const { page } = tab;
    const box = page.getByLabel('Prompt for Fiedler');
    await box.fill('Plan the steps to move a database slowly');
    await box.press('Shift+Enter');
    expect(await box.inputValue()).toMatch(/slowly\n$/);
    await box.press('Enter');
    await expect.poll(() => page.locator('.plan li').count()).toBe(PLAN.length);
    await page.locator('.tool').waitFor();
    await expect.poll(() => page.locator('.answer').textContent()).toContain(heldPart);
    await page.getByText('Streaming', { exact: true }).waitFor();
    scene.model.release();
    await expect.poll(() => page.locator('.answer').textContent()).toBe(ANSWER);
    await page.getByText('Completed', { exact: true }).waitFor();

    await page.getByRole('link', { name: 'As a task' }).click();
    await page.locator('#task').waitFor();
    const taskId = page.url().split('/').at(-1) as string;
    expect(await statusOf('alice', taskId)).toEqual({
      status: 'COMPLETED',
      owner: 'alice',
      requester_id: 'console',
    });
    expect(tab.problems).toEqual([]);
  });

  test('each question comes into sight with its answer, however long the talk', async () => {
    const { page } = await scene.open('alice', '#/ask');
    const box = page.getByLabel('Prompt for Fiedler');
    const turns = page.locator('.turn');
    for (let asked = 1; asked <= 4; asked += 1) {
      await box.fill(`Plan the steps to move a database, question ${asked}`);
      await box.press('Enter');
      await expect.poll(() => turns.last().textContent()).toContain(`question ${asked}`);
      await expect.poll(() => turns.last().textContent()).toContain('ended after');
      const boxes = async () => [
        await turns.last().boundingBox(),
        await page.locator('.composer').boundingBox(),
      ];
      await expect
        .poll(async () => {
          const [turn, composer] = await boxes();
          return turn && composer ? turn.y + turn.height <= composer.y : null;
        })
        .toBe(true);
    }
  });

  test('asks Rogers about the group, and shows tools and words as they come', async () => {
    const { page } = await scene.open('alice', '#/ask');
    await page.getByRole('radio', { name: 'Rogers' }).check();
    await page.getByLabel('Prompt for Rogers').fill('Say slowly who is connected');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.locator('.tool', { hasText: 'rogers_get_connections' }).waitFor();
    await expect.poll(() => page.locator('.answer').textContent()).toContain(heldPart);
    expect(await page.locator('.answer').textContent()).not.toContain('matter of seconds');
    scene.model.release();
    await expect.poll(() => page.locator('.answer').textContent()).toBe(ANSWER);
  });

  test('a reload in the middle of an answer brings it back, and it goes on', async () => {
    const { page } = await scene.open('alice', '#/ask');
    await page.getByLabel('Prompt for Fiedler').fill('Speak slowly over a reload');
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => page.locator('.answer').textContent()).toContain(heldPart);
    await page.reload();
    await expect.poll(() => page.locator('.answer').textContent()).toContain(heldPart);
    scene.model.release();
    await expect.poll(() => page.locator('.answer').textContent()).toBe(ANSWER);
    expect(await page.locator('.turn').count()).toBe(1);
    await page.getByRole('button', { name: 'New conversation' }).click();
    expect(await page.locator('.turn').count()).toBe(0);
  });

  test('what Rogers never got is asked again once, not twice', async () => {
    const { page } = await scene.open('alice', '#/ask');
    let failures = 0;
    await page.route('**/api/call', async (route) => {
      if (failures === 0 && route.request().postData()?.includes('fiedler_converse')) {
        failures += 1;
        // It was taken, and the answer was lost on its way.
        await route.fetch();
        await route.abort('connectionreset');
      } else await route.continue();
    });
    await page.getByLabel('Prompt for Fiedler').fill('Ask me once');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Rogers cannot be reached').waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => page.locator('.answer').textContent()).toBe(ANSWER);
    const fiedler = await connectTools(scene.group.url('fiedler'), { token: CALLERS.alice });
    const { tasks } = await fiedler.callOrThrow('fiedler_list_tasks', { limit: 100 });
    await fiedler.close();
    expect((tasks as { prompt: string }[]).filter(({ prompt }) => prompt === 'Ask me once')).toHaveLength(1);
  });

  test('to who may only read, it is there, disabled, with the reason', async () => {
    const { page } = await scene.open('viewer', '#/ask');
    await page.getByText('The token of “viewer” has the scope read; this needs “converse”.').waitFor();
    const send = page.getByRole('button', { name: 'Send', exact: true });
    expect(await send.getAttribute('aria-disabled')).toBe('true');
    expect(await page.getByLabel('Prompt for Fiedler').isEditable()).toBe(false);
    let called = false;
    page.on('request', (request) => {
      called ||= request.url().endsWith('/api/call') && (request.postData() ?? '').includes('converse');
    });
    await send.click({ force: true });
    await page.getByRole('button', { name: 'Which tasks failed today?' }).click();
    await page.keyboard.press('Control+Enter');
    expect(called).toBe(false);
  });
});
