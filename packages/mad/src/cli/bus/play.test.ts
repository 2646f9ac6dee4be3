import { createEnvelope, MadError, type Position } from '@mad-group/protocol';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { recordedTask, taskView } from '../../recorded-model/recording.test-support.ts';
import type { LoggedMessage } from './grace-log.ts';
import { play } from './play.ts';
import type { PlayedTask } from './replay-group.ts';
import { replayInputs } from './replay-inputs.ts';

const iso = (minute: number): string => new Date(minute * 60_000).toISOString();
const task = (taskId: string, from: number, to: number, prompt = taskId) =>
  recordedTask([], { task_id: taskId, prompt, created_at: iso(from), finished_at: iso(to) });
const message = (id: string, minute: number, rest: object = {}): LoggedMessage => ({
  ...createEnvelope({ channel: 'mad.direct.fiedler', senderId: 'grace', payload: {}, messageId: id }),
  position: `epoch-1:${minute * 60_000}-${minute}` as Position,
  ...rest,
});
const replyTo = (id: string, minute: number, payload = {}) =>
  message(`reply-${id}`, minute, { headers: { in_reply_to: id }, payload });

const PLAYED: PlayedTask = { view: taskView(), events: [] };

/** A group whose tasks end when they are told to. */
function fakeGroup(failing = '') {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const endOf =
    <T>(name: string, value: T) =>
    async (): Promise<T> => {
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return value;
    };
  return {
    begun,
    end: (name: string) => ends.get(name)?.(),
    group: {
      giveTask: async ({ view }: { view: { task_id: string } }) => {
        if (view.task_id === failing) throw new MadError('forbidden', 'You may not.');
        begun.push(view.task_id);
        return endOf(view.task_id, PLAYED);
      },
      sendMessage: async ({ message_id: id }: LoggedMessage) => {
        begun.push(id);
        return endOf(id, message('reply', 9, { payload: { task_id: 'new' } }));
      },
      watchTask: async (taskId: string) => {
        begun.push(`watch ${taskId}`);
        return PLAYED;
      },
    },
  };
}

describe('inputs', () => {
  test('go in in their order, each when what was over before it is over again', async () => {
    const { begun, end, group } = fakeGroup();
    const inputs = replayInputs({
      tasks: [task('a', 1, 4), task('b', 2, 3), task('c', 3.5, 6), task('d', 5, 7)],
      messages: [],
    });
    const playing = play(inputs, group, new AbortController());
    await vi.waitFor(() => expect(begun).toEqual(['a', 'b']));
    end('b');
    await vi.waitFor(() => expect(begun).toEqual(['a', 'b', 'c']));
    end('c');
    // Its turn comes when a, which was over before it, is over, too.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(begun).toEqual(['a', 'b', 'c']);
    end('a');
    await vi.waitFor(() => expect(begun).toEqual(['a', 'b', 'c', 'd']));
    end('d');
    expect((await playing).map(({ input }) => input.task?.view.task_id)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('of the same prompt go in one after the other', async () => {
    const { begun, end, group } = fakeGroup();
    const inputs = replayInputs({ tasks: [task('a', 1, 9, 'p'), task('b', 2, 8, 'p')], messages: [] });
    const playing = play(inputs, group, new AbortController());
    await vi.waitFor(() => expect(begun).toEqual(['a']));
    end('a');
    await vi.waitFor(() => expect(begun).toEqual(['a', 'b']));
    end('b');
    await playing;
  });

  test('that are messages come with their reply, and with the task that they make', async () => {
    const { begun, end, group } = fakeGroup();
    const messages = [message('m', 1), replyTo('m', 2, { task_id: 'a' }), message('n', 3)];
    const playing = play(
      replayInputs({ tasks: [task('a', 2, 2.5)], messages }),
      group,
      new AbortController(),
    );
    await vi.waitFor(() => expect(begun).toEqual(['m']));
    end('m');
    const played = await playing;
    expect(begun).toEqual(['m', 'watch new', 'n']);
    expect(played).toMatchObject([
      { reply: { message_id: 'reply' }, task: PLAYED },
      { reply: null, task: null },
    ]);
  });

  test('that are refused end the others', async () => {
    const { end, group } = fakeGroup('b');
    const stop = new AbortController();
    stop.signal.addEventListener('abort', () => end('a'));
    const inputs = replayInputs({ tasks: [task('a', 1, 9), task('b', 2, 8)], messages: [] });
    await expect(play(inputs, group, stop)).rejects.toThrow('You may not.');
    expect(stop.signal.aborted).toBe(true);
  });

  test('that fail while a later one is begun end all, with the words of the first', async () => {
    const unheard: unknown[] = [];
    const onUnheard = (reason: unknown): void => void unheard.push(reason);
    // In front of the runner's own, which would end the whole run.
    process.prependListener('unhandledRejection', onUnheard);
    onTestFinished(() => void process.off('unhandledRejection', onUnheard));
    const stop = new AbortController();
    const ended = Promise.withResolvers<never>();
    stop.signal.addEventListener('abort', () => ended.reject(new Error('Ended.')));
    const begun: string[] = [];
    const group = {
      ...fakeGroup().group,
      giveTask: async ({ view }: { view: { task_id: string } }) => {
        begun.push(view.task_id);
        if (view.task_id === 'a') return () => Promise.reject(new MadError('forbidden', 'Not that one.'));
        return ended.promise;
      },
    };
    const inputs = replayInputs({
      tasks: [task('a', 1, 9), task('b', 2, 8), task('c', 3, 7)],
      messages: [],
    });
    await expect(play(inputs, group, stop)).rejects.toThrow('Not that one.');
    await new Promise((resolve) => setImmediate(resolve));
    expect(unheard).toEqual([]);
    expect(begun).toEqual(['a', 'b']);
  });

  test('are not begun when one before has failed', async () => {
    const { begun, group } = fakeGroup();
    const failing = {
      ...group,
      giveTask: async (given: { view: { task_id: string } }) => {
        const end = await group.giveTask(given);
        if (given.view.task_id === 'a')
          return () => Promise.reject(new MadError('forbidden', 'Not that one.'));
        return given.view.task_id === 'b' ? async () => PLAYED : end;
      },
    };
    const inputs = replayInputs({ tasks: [task('a', 1, 9), task('b', 2, 8), task('c', 3, 7)], messages: [] });
    await expect(play(inputs, failing, new AbortController())).rejects.toThrow('Not that one.');
    expect(begun).not.toContain('c');
  });
});
