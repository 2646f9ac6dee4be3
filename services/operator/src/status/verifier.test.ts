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
  const later = { ...FINE, versions: { grace: '2' } };
  answers[1]?.(later);
  await vi.waitFor(() => expect(verifier.latest(group, 't')).toBe(later));
  await verifier.stop();
});

test('one that did not answer is asked again, and nobody is told of what stays the same', async () => {
  vi.useFakeTimers();
  try {
    const verify = vi.fn(async () => SILENT);
    const onChange = vi.fn();
    const verifier = verifierOf(verify, { onChange });
    verifier.latest(groupOf(), 't');
    await vi.advanceTimersByTimeAsync(0);
    // A Service may not lead to its pod yet.
    expect([verify.mock.calls.length, onChange.mock.calls.length]).toEqual([1, 0]);
    expect(verifier.latest(groupOf(), 't')).toBeNull();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([verify.mock.calls.length, onChange.mock.calls.length]).toEqual([2, 1]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([verify.mock.calls.length, onChange.mock.calls.length]).toEqual([3, 1]);
    verifier.forget('space/demo');
    await vi.advanceTimersByTimeAsync(600_000);
    expect(verify.mock.calls).toHaveLength(3);
    await verifier.stop();
  } finally {
    vi.useRealTimers();
  }
});

const told = (status: string, reason: string, message: string) => ({
  conditions: [
    {
      type: 'Verified',
      status,
      reason,
      message,
      observedGeneration: 3,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
  mads: [{ name: 'grace', version: '1.0.0' }],
});

test('after a restart stands what was told, until the group answers or is changed', async () => {
  const verify = vi.fn(async () => ({ problems: [], versions: { grace: '1.0.0' }, isHeard: true }));
  const onChange = vi.fn();
  const verifier = verifierOf(verify, { onChange });
  const before = groupOf({}, {}, told('True', 'Answered', 'x'));
  const stands = { problems: [], versions: { grace: '1.0.0' }, isHeard: true };
  expect(verifier.latest(before, 't')).toEqual(stands);
  await vi.waitFor(() => expect(verify).toHaveBeenCalledOnce());
  expect([verifier.latest(before, 't'), onChange.mock.calls.length]).toEqual([stands, 0]);
  verifier.forget('space/demo');
  expect(verifier.latest(before, 't')).toBeNull();
  await verifier.stop();
});

test.each([
  ['of another generation', groupOf({}, { generation: 4 }, told('True', 'Answered', 'x'))],
  ['that nobody could know', groupOf({}, {}, told('Unknown', 'Paused', 'x'))],
])('what was told %s does not', async (_what, group) => {
  const verifier = verifierOf(never);
  expect(verifier.latest(group, 't')).toBeNull();
  await verifier.stop();
});

test('that nobody answered stands, too', async () => {
  const verifier = verifierOf(never);
  const group = groupOf({}, {}, told('False', 'NotAnswered', 'no answer'));
  expect(verifier.latest(group, 't')?.problems).toEqual(['no answer']);
  await verifier.stop();
});
