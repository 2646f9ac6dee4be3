import { expect, test, vi } from 'vitest';
import { groupOf } from '../group.test-support.ts';
import type { Verification } from './verification.ts';
import { createVerifier, type VerifierOptions } from './verifier.ts';

const FINE: Verification = { problems: [], versions: {}, isHeard: true };
const SILENT: Verification = { problems: ['no answer'], versions: {}, isHeard: false };
const verifierOf = (verify: VerifierOptions['verify'], over: Partial<VerifierOptions> = {}) =>
  createVerifier({ verify, onAnswered: vi.fn(), onChange: vi.fn(), onError: vi.fn(), ...over });
/** Answers for nobody until it is told to stop. */
const never: VerifierOptions['verify'] = (_group, _token, signal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('a group is asked once for each state, and what it said is known from then on', async () => {
  const verify = vi.fn(async () => FINE);
  const onChange = vi.fn();
  const onAnswered = vi.fn();
  const verifier = verifierOf(verify, { onChange, onAnswered });
  const group = groupOf();
  expect(verifier.latest(group, 't')).toBeNull();
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledWith('space/demo'));
  expect(verifier.latest(group, 't')).toBe(FINE);
  expect([verify.mock.calls.length, onAnswered.mock.calls.length]).toEqual([1, 1]);
  // Another spec, another token and another object of this name are not what has answered.
  for (const [other, token] of [
    [groupOf({}, { generation: 4 }), 't'],
    [groupOf({}, { generation: 4 }), 'rotated'],
    [groupOf({}, { generation: 4, uid: 'u-2' }), 'rotated'],
  ] as const) {
    expect(verifier.latest(other, token)).toBeNull();
    await vi.waitFor(() => expect(verifier.latest(other, token)).toBe(FINE));
  }
  await verifier.stop();
});

test('groups that do not answer hold up no other, and a stop waits for none of them', async () => {
  const verify: VerifierOptions['verify'] = async (group, ...rest) =>
    group.metadata.name === 'fine' ? FINE : never(group, ...rest);
  const verifier = verifierOf(verify);
  for (let i = 0; i < 20; i += 1) verifier.latest(groupOf({}, { name: `silent-${i}` }), 't');
  const fine = groupOf({}, { name: 'fine' });
  await vi.waitFor(() => expect(verifier.latest(fine, 't')).toBe(FINE));
  await verifier.stop();
});

test('what answers after the group was changed is not believed', async () => {
  const answers: ((result: Verification) => void)[] = [];
  const verifier = verifierOf(() => new Promise((resolve) => answers.push(resolve)));
  const group = groupOf();
  verifier.latest(group, 't');
  await vi.waitFor(() => expect(answers).toHaveLength(1));
  verifier.forget('space/demo');
  verifier.latest(group, 't');
  answers[0]?.(FINE);
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  expect(verifier.latest(group, 't')).toBeNull();
  answers[1]?.(SILENT);
  await vi.waitFor(() => expect(verifier.latest(group, 't')).toBe(SILENT));
  await verifier.stop();
});

test('one that did not answer is asked again, and nobody is told of what stays the same', async () => {
  vi.useFakeTimers();
  try {
    const verify = vi.fn(async () => SILENT);
    const onChange = vi.fn();
    const verifier = verifierOf(verify, { onChange });
    verifier.latest(groupOf(), 't');
    await vi.advanceTimersByTimeAsync(3_000 + 6_000);
    expect([verify.mock.calls.length, onChange.mock.calls.length]).toEqual([3, 1]);
    verifier.forget('space/demo');
    await vi.advanceTimersByTimeAsync(600_000);
    expect(verify.mock.calls).toHaveLength(3);
    await verifier.stop();
  } finally {
    vi.useRealTimers();
  }
});
