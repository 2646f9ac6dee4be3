import { type StreamingStub, type StubAnswer, startStreamingStub } from './streaming-stub.ts';

const PLAN = JSON.stringify({ plan: [{ step_number: 1, title: 'Boil', description: 'Boil the water.' }] });
/** Long enough that what is to be cancelled is still under way. */
const ENDLESS = Array.from({ length: 600 }, () => 'on ');

/** What the model does with every prompt. */
type Mood = 'well' | 'failing' | 'away' | 'silent';

export interface ModelStub extends StreamingStub {
  become(mood: Mood): void;
}

/** A model for a group under load: it plans, answers, goes on until it is cancelled, and fails when told to. */
export async function startModelStub(): Promise<ModelStub> {
  let mood: Mood = 'well';
  const answer = (prompt: string): StubAnswer => {
    if (mood === 'silent') return { tokens: [], delayMs: 0, silent: true };
    if (mood === 'failing') return { tokens: [], delayMs: 0, refuse: 401 };
    if (mood === 'away') return { tokens: [], delayMs: 0, refuse: 503 };
    if (/cancel me/.test(prompt)) return { tokens: ENDLESS, delayMs: 100 };
    if (/tea|Plan the/.test(prompt)) return { tokens: [PLAN], delayMs: 0 };
    return { tokens: ['It ', 'is ', 'so.'], delayMs: 5 };
  };
  const stub = await startStreamingStub(answer);
  return {
    ...stub,
    become(next) {
      mood = next;
    },
  };
}
