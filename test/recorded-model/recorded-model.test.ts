import { createImperator, type ProviderEvent } from '@mad-group/imperator';
import { LOCAL_CALLER, MadError, silentLogger, type Thought } from '@mad-group/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createRecordedModel } from '../../packages/mad/src/recorded-model/recorded-model.ts';
import {
  call,
  recordedTask,
  result,
  token,
} from '../../packages/mad/src/recorded-model/recording.test-support.ts';
import { joined, replayed, scriptedProvider, taskOf, think } from './replay.test-support.ts';

describe('a recorded model', () => {
  const text = fc.oneof(
    fc.constantFrom('Hello', ' world', '.\n', '\n\n', '\n\nThen', ' ', '🚀', '(', 'without a plan'),
    fc.string({ minLength: 1, maxLength: 5, unit: 'binary' }),
  );
  const toolCall = fc.oneof(
    fc.record({
      name: fc.constantFrom('look', 'fail', 'nosuch'),
      arguments: fc.dictionary(fc.string({ maxLength: 3 }), fc.integer(), { maxKeys: 2 }),
    }),
    fc.record({
      name: fc.constant('sequential_thinking'),
      arguments: fc.record({ prompt: fc.constantFrom('the broken one', 'the good one', 'another') }),
    }),
  );
  const texts = fc.array(text, { maxLength: 4 });
  const asking = fc.record({ texts, calls: fc.array(toolCall, { minLength: 1, maxLength: 3 }) });
  const failure = fc.constantFrom(
    null,
    null,
    new MadError('provider_auth', 'The model provider refused the key: 401 no such key. Set OPENAI_API_KEY.'),
    new MadError('provider_rejected', 'The model provider refused the request: 400 too long.'),
    new MadError('provider_rejected', 'The model provider refused the request: 429 spent.'),
    new MadError('provider_rate_limited', 'The model provider limits the rate: 429 slowly.'),
    new MadError('provider_unavailable', 'The model provider answered with an error: 503 busy.'),
    new MadError('provider_rejected', "The model provider's content filter stopped the answer."),
    new MadError('provider_bad_response', "The model provider's answer ended before it was complete."),
  );

  test('answers so that the same comes out: text, plans, calls, results, failures', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('Do it.', 'Plan the steps to do it.', 'Plan the steps, broken.'),
        fc.array(asking, { maxLength: 9 }),
        texts,
        failure,
        fc.infiniteStream(fc.boolean()),
        async (prompt, rounds, last, error, joins) => {
          const scripted = [...rounds, { texts: error === null ? last : [], calls: [] }];
          const recorded = await think(scriptedProvider(scripted, error), prompt);
          const grouped = { ...recorded, thoughts: joined(recorded.thoughts, () => joins.next().value) };
          const model = await replayed([taskOf(grouped, prompt)]);
          const again = await think(model.provider, prompt, { planner: model.planner });
          expect(model.refused).toEqual([]);
          expect({ ...again, thoughts: joined(again.thoughts) }).toEqual({
            ...recorded,
            thoughts: joined(recorded.thoughts),
          });
          await model.stop();
        },
      ),
      { numRuns: 30 },
    );
  });

  test('keeps tasks that run at the same time apart', async () => {
    const prompts = Array.from({ length: 20 }, (_, index) => `Do number ${index}.`);
    const outcomes = await Promise.all(
      prompts.map((prompt) => {
        const calls = (n: number) => [{ name: 'look', arguments: { prompt, n } }];
        const rounds = [
          { texts: [`${prompt} a`], calls: calls(1) },
          { texts: [], calls: calls(2) },
        ];
        return think(scriptedProvider([...rounds, { texts: [`${prompt} z`], calls: [] }], null), prompt);
      }),
    );
    const tasks = outcomes.map((outcome, index) => taskOf(outcome, prompts[index] as string));
    const { provider } = await replayed(tasks);
    const again = await Promise.all(prompts.toReversed().map((prompt) => think(provider, prompt)));
    expect(again.map(({ thoughts }) => joined(thoughts))).toEqual(
      outcomes.toReversed().map(({ thoughts }) => joined(thoughts)),
    );
  });

  test('tells tasks of the same prompt apart by their history, then by their tools, then by their order', async () => {
    const answered = (text: string) => ({ result_payload: { response: text } });
    const said = (text: string, given = {}, mad = 'fiedler') =>
      recordedTask([token(text)], { prompt: 'Go on.', ...given, ...answered(text) }, mad);
    const first = recordedTask([token('one')], {
      prompt: 'Begin.',
      conversation_id: 'x',
      ...answered('one'),
    });
    const other = recordedTask([token('uno')], {
      prompt: 'Begin here.',
      conversation_id: 'y',
      ...answered('uno'),
    });
    const looks = recordedTask([call('look'), result('look', '1'), token('looked')], { prompt: 'Go on.' });
    const { provider } = await replayed([
      first,
      other,
      said('after one', { conversation_id: 'x' }),
      said('after uno', { conversation_id: 'y' }),
      said('alone', { conversation_id: 'z' }),
      said('alone again', { conversation_id: 'zz' }),
      looks,
    ]);
    const ask = async (history: { prompt: string; response: string }[] = []) => {
      const { thoughts } = await think(provider, 'Go on.', { history });
      return thoughts.map((thought) => (thought.type === 'token' ? thought.token : thought.type)).join(' ');
    };
    expect(await ask([{ prompt: 'Begin here.', response: 'uno' }])).toBe('after uno');
    expect(await ask([{ prompt: 'Begin.', response: 'one' }])).toBe('after one');
    expect([await ask(), await ask(), await ask()]).toEqual([
      'alone',
      'alone again',
      'tool_call tool_result looked',
    ]);
    // Who offers no tools was not answered with calls of them.
    const model = createRecordedModel([looks, said('without tools')]);
    const question = {
      kind: 'answer',
      prompts: ['Go on.'],
      history: [],
      tools: [],
      rounds: [],
      results: [],
    } as const;
    expect(model.answer(question).pieces).toEqual(['without tools']);
  });

  test('speaks of what has another id now by that id', async () => {
    const id = (digit: number): string => `${digit}0000000-0000-4000-8000-000000000000`;
    const listed = (...ids: string[]): string =>
      JSON.stringify({ tasks: ids.map((task_id) => ({ task_id })) });
    const task = recordedTask(
      [
        call('look', {}),
        result('look', listed(id(1), id(2))),
        call('look', { task_id: id(2) }),
        result('look', listed(id(2))),
        token(`Task ${id(2).slice(0, 20)}`),
        token(`${id(2).slice(20)} is behind ${id(1)}; ${id(7)} is not.`),
      ],
      { prompt: `What is behind ${id(7)}?` },
    );
    const given = [listed(id(3), id(4)), listed(id(4))];
    const asked: unknown[] = [];
    const { provider } = await replayed([task]);
    const thoughts: Thought[] = [];
    const imperator = createImperator({
      contextFile: '# Test',
      provider,
      tools: [
        {
          name: 'look',
          description: 'look',
          input: z.looseObject({}),
          readOnly: true,
          run: (input) => {
            asked.push(input);
            return JSON.parse(given.shift() ?? '{}') as unknown;
          },
        },
      ],
      triggers: [],
      planner: null,
      log: silentLogger,
    });
    const request = {
      taskId: 't',
      prompt: `What is behind ${id(8)}?`,
      history: [],
      caller: LOCAL_CALLER,
      correlationId: 'c',
    };
    for await (const thought of imperator.think(request, new AbortController().signal))
      thoughts.push(thought);
    expect(asked).toEqual([{}, { task_id: id(4) }]);
    expect(joined(thoughts).at(-1)).toEqual(token(`Task ${id(4)} is behind ${id(3)}; ${id(8)} is not.`));
  });

  test('refuses what it does not know, and says what that is', async () => {
    const model = await replayed([recordedTask([call('look'), result('look', '1'), token('a')])]);
    const errorOf = async (prompt: string, options = {}) =>
      (await think(model.provider, prompt, options)).error;
    expect(await errorOf('Do something else.')).toMatchObject({
      code: 'provider_rejected',
      message:
        'The model provider refused the request: 404 Not recorded: the recording holds no task with this prompt.',
    });
    await expect(
      model.planner.plan('Do it.', { correlationId: 'c', signal: new AbortController().signal }),
    ).rejects.toThrow('Not recorded: the recording holds no plan for this prompt.');
    expect(model.refused).toEqual([
      'Do something else.: Not recorded: the recording holds no task with this prompt.',
      'Do it.: Not recorded: the recording holds no plan for this prompt.',
    ]);
    const beyond = {
      kind: 'answer',
      prompts: ['Do it.'],
      history: [],
      tools: ['look'],
      rounds: [['recorded_0_0_0'], ['recorded_0_1_0']],
      results: [['1'], ['2']],
    } as const;
    const recorded = createRecordedModel([recordedTask([call('look'), result('look', '1'), token('a')])]);
    expect(() => recorded.answer(beyond)).toThrow(
      'the recording holds 2 rounds of this task, and one more is asked for',
    );
    expect(() => recorded.answer({ ...beyond, rounds: [['call_1']] })).toThrow('did not ask for');
    expect(() => recorded.answer({ ...beyond, prompts: ['Another.'] })).toThrow('did not ask for');
  });

  test('leaves the answer of a cancelled task open until its reader goes away', async () => {
    const { provider } = await replayed([recordedTask([token('so far')], { status: 'CANCELLED' })], 500);
    const stop = new AbortController();
    const events: ProviderEvent[] = [];
    const reading = (async () => {
      const asked = { messages: [{ role: 'user', content: 'Do it.' }], tools: [] } as const;
      for await (const event of provider.stream({ ...asked, signal: stop.signal, correlationId: 'c' })) {
        events.push(event);
        stop.abort(new Error('seen enough'));
      }
    })();
    await expect(reading).rejects.toThrow('seen enough');
    expect(events).toEqual([{ type: 'token', token: 'so far' }]);
  });
});
