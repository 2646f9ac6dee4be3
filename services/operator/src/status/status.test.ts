import { describe, expect, test } from 'vitest';
import { groupOf } from '../group.test-support.ts';
import { type Found, statusOf } from './status.ts';
import type { Workload } from './workloads.ts';

const NOW = '2026-01-01T00:00:00Z';
const up = (name: string, over: Partial<Workload> = {}): Workload => ({
  name,
  replicas: 1,
  readyReplicas: 1,
  isCurrent: true,
  trouble: null,
  ...over,
});
const ALL = ['redis', 'sequential-thinking', 'grace', 'rogers', 'fiedler'].map((name) => up(name));
const found = (over: Partial<Found> = {}): Found => ({
  refused: null,
  paused: false,
  failed: null,
  workloads: ALL,
  absent: [],
  verification: { problems: [], versions: { grace: '1.0.0' }, isHeard: true },
  ...over,
});
/** Conditions as `Type=Status/Reason`. */
const words = (over: Partial<Found>, group = groupOf()): string[] =>
  (statusOf(group, found(over), NOW).conditions ?? []).map(
    ({ type, status, reason }) => `${type}=${status}/${reason}`,
  );

describe('the status of a group', () => {
  test.each<[string, Partial<Found>, string[]]>([
    [
      'that is as declared and answers',
      {},
      [
        'Accepted=True/Valid',
        'Progressing=False/Complete',
        'Available=True/Ready',
        'Verified=True/Answered',
        'Degraded=False/AsExpected',
      ],
    ],
    [
      'of which a workload was deleted',
      { workloads: ALL.slice(0, 4), absent: ['fiedler'], verification: null },
      [
        'Accepted=True/Valid',
        'Progressing=True/RollingOut',
        'Available=False/NotReady',
        'Verified=False/NotReady',
        'Degraded=False/AsExpected',
      ],
    ],
    [
      'that is being replaced while it serves',
      { workloads: [...ALL.slice(0, 4), up('fiedler', { isCurrent: false })] },
      [
        'Accepted=True/Valid',
        'Progressing=True/RollingOut',
        'Available=True/Ready',
        'Verified=True/Answered',
        'Degraded=False/AsExpected',
      ],
    ],
    [
      'whose MAD does not answer',
      {
        verification: {
          problems: ['http://grace:8000/mcp does not speak MCP as a MAD does.'],
          versions: {},
          isHeard: false,
        },
      },
      [
        'Accepted=True/Valid',
        'Progressing=False/Complete',
        'Available=True/Ready',
        'Verified=False/NotAnswered',
        'Degraded=False/AsExpected',
      ],
    ],
    [
      'with a pod that cannot start',
      {
        workloads: [up('redis', { readyReplicas: 0, trouble: 'pod redis-0 waits: ErrImagePull' })],
        verification: null,
      },
      [
        'Accepted=True/Valid',
        'Progressing=True/RollingOut',
        'Available=False/NotReady',
        'Verified=False/NotReady',
        'Degraded=True/PodsInTrouble',
      ],
    ],
    [
      'that was refused',
      { refused: { reason: 'SecretMissing', message: 'create it' } },
      [
        'Accepted=False/SecretMissing',
        'Progressing=False/NotAccepted',
        'Available=True/Ready',
        'Verified=Unknown/NotAccepted',
        'Degraded=False/AsExpected',
      ],
    ],
    [
      'that was refused before anything was made',
      { refused: { reason: 'SecretMissing', message: 'create it' }, workloads: [] },
      [
        'Accepted=False/SecretMissing',
        'Progressing=False/NotAccepted',
        'Available=False/NotMade',
        'Verified=Unknown/NotAccepted',
        'Degraded=False/AsExpected',
      ],
    ],
    [
      'that is paused, and of which a pod is away',
      { paused: true, workloads: [up('redis', { readyReplicas: 0 })] },
      [
        'Accepted=True/Valid',
        'Progressing=False/Paused',
        'Available=False/NotReady',
        'Verified=Unknown/Paused',
        'Degraded=False/AsExpected',
      ],
    ],
    [
      'of which something cannot be written now',
      { failed: 'Service/grace was refused: range is full.', workloads: ALL.slice(0, 4) },
      [
        'Accepted=True/Valid',
        'Progressing=True/PassFailed',
        'Available=True/Ready',
        'Verified=Unknown/PassFailed',
        'Degraded=True/PassFailed',
      ],
    ],
  ])('%s', (_what, over, expected) => {
    expect(words(over)).toEqual(expected);
  });

  test('names each MAD with its endpoint and version, and counts those that are ready', () => {
    const status = statusOf(groupOf({ llm: { baseUrl: 'http://x/v1', model: 'm' } }), found(), NOW);
    expect(status).toMatchObject({ observedGeneration: 3, ready: '4/4', model: 'm' });
    expect(status.mads?.[0]).toEqual({
      name: 'grace',
      replicas: 1,
      readyReplicas: 1,
      version: '1.0.0',
      endpoint: 'http://grace.space:8000/mcp',
    });
    expect(statusOf(groupOf(), found(), NOW).model).toBe('offline');
    const own = groupOf({ mads: [{ name: 'librarian', image: 'librarian' }] });
    expect(statusOf(own, found(), NOW).mads?.[0]?.endpoint).toBe('http://librarian.space:8010/mcp');
    const refused = found({ refused: { reason: 'SecretMissing', message: 'create it' } });
    const before = { ...groupOf({ llm: { baseUrl: 'http://x/v1' } }), status: { model: 'runs' } };
    expect(statusOf(before, refused, NOW).model).toBe('runs');
    // The bus is no MAD.
    expect(statusOf(groupOf(), found({ workloads: ALL.slice(1), absent: ['redis'] }), NOW).ready).toBe('4/4');
    expect(statusOf(groupOf(), found({ workloads: ALL.slice(0, 4), absent: ['fiedler'] }), NOW).ready).toBe(
      '3/4',
    );
  });

  test('that stays as it was keeps its times, so that nothing is written', () => {
    const group = groupOf();
    const first = statusOf(group, found(), NOW);
    const later = statusOf({ ...group, status: first }, found(), '2026-01-02T00:00:00Z');
    expect(later).toEqual(first);
    const broken = statusOf(
      { ...group, status: first },
      found({ absent: ['fiedler'] }),
      '2026-01-02T00:00:00Z',
    );
    const times = broken.conditions?.map(({ type, lastTransitionTime }) => [
      type,
      lastTransitionTime.slice(0, 10),
    ]);
    expect(times).toContainEqual(['Accepted', '2026-01-01']);
    expect(times).toContainEqual(['Available', '2026-01-02']);
  });
});
