import { describe, expect, test } from 'vitest';
import type { Warning } from '../cluster/cluster.ts';
import type { KubernetesManifest } from '../render/manifest.ts';
import { stateOf } from './workloads.ts';

const NOW_MS = Date.parse('2026-01-01T00:02:00Z');
const LONG_AGO = '2026-01-01T00:00:00Z';
const JUST_NOW = '2026-01-01T00:01:58Z';

const set = (over: object = {}): KubernetesManifest => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'redis', generation: 2 },
  spec: { replicas: 1, volumeClaimTemplates: [{ metadata: { name: 'data' } }] },
  status: { observedGeneration: 2, readyReplicas: 0, updatedReplicas: 1, ...over },
});
const pod = (status: object, name = 'redis-0'): KubernetesManifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, uid: 'pod-uid', labels: { 'app.kubernetes.io/name': 'redis' } },
  status: { startTime: LONG_AGO, ...status },
});
const warning = (over: Partial<Warning>): Warning => ({
  kind: 'Pod',
  name: 'redis-0',
  uid: 'pod-uid',
  reason: 'FailedMount',
  message: 'MountVolume.SetUp failed for volume "password" : secret "given" not found',
  ...over,
});
const troubleOf = (pods: readonly KubernetesManifest[], ...warnings: Warning[]): string | null =>
  stateOf(set(), pods, { warnings, nowMs: NOW_MS }).trouble;

const unscheduled = (message: string, lastTransitionTime = LONG_AGO) =>
  pod({ conditions: [{ type: 'PodScheduled', status: 'False', message, lastTransitionTime }] });
const waiting = (reason: string, message?: string, over: object = {}) =>
  pod({
    containerStatuses: [{ image: 'mad/x:1', ready: false, state: { waiting: { reason, message } }, ...over }],
  });

describe('a pod that does not run is told of, with what to do', () => {
  test.each<[string, KubernetesManifest, Warning[], RegExp]>([
    [
      'no node has room',
      unscheduled('0/1 nodes are available: 1 Insufficient cpu.'),
      [],
      /^pod redis-0 has no node: 0\/1 nodes are available: 1 Insufficient cpu$/,
    ],
    [
      'its claim is of a class that is not there',
      unscheduled('pod has unbound immediate PersistentVolumeClaims'),
      [
        warning({
          kind: 'PersistentVolumeClaim',
          name: 'data-redis-0',
          reason: 'ProvisioningFailed',
          message: 'storageclass.storage.k8s.io "nope" not found',
        }),
      ],
      /^pod redis-0 waits for its claim data-redis-0: storageclass.storage.k8s.io "nope" not found\. Create that StorageClass/,
    ],
    [
      'its image cannot be pulled',
      waiting('ErrImagePull', 'failed to pull: not found'),
      [],
      /^pod redis-0 waits for its image mad\/x:1: ErrImagePull, failed to pull: not found\. Correct the image/,
    ],
    [
      'a Secret in its environment is not there',
      waiting('CreateContainerConfigError', 'secret "settings" not found'),
      [],
      /CreateContainerConfigError, secret "settings" not found\. Create what is missing/,
    ],
    [
      'a Secret that it mounts is not there',
      waiting('ContainerCreating'),
      [warning({})],
      /^pod redis-0 waits: FailedMount, MountVolume.* secret "given" not found\. Create what is missing/,
    ],
    [
      'it ends at once',
      waiting('CrashLoopBackOff', 'back-off 10s', {
        restartCount: 2,
        lastState: {
          terminated: { exitCode: 1, reason: 'Error', message: 'first\nPORT: must be a number.\n' },
        },
      }),
      [],
      /^pod redis-0 ends again and again, last with 1 \(Error\): first PORT: must be a number\. See kubectl logs redis-0 --previous$/,
    ],
    [
      'it has no memory',
      pod({
        containerStatuses: [
          {
            ready: false,
            restartCount: 1,
            state: { running: { startedAt: JUST_NOW } },
            lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
          },
        ],
      }),
      [],
      /last with 137 \(OOMKilled\)\. See/,
    ],
    [
      'what runs before it does not end well',
      pod({
        initContainerStatuses: [
          {
            restartCount: 1,
            ready: false,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 3, reason: 'Error' } },
          },
        ],
        containerStatuses: [{ ready: false, state: { waiting: { reason: 'PodInitializing' } } }],
      }),
      [],
      /^pod redis-0 ends again and again, last with 3/,
    ],
    [
      'it runs and does not become ready',
      pod({ containerStatuses: [{ ready: false, state: { running: { startedAt: LONG_AGO } } }] }),
      [],
      /^pod redis-0 runs since 2026-01-01T00:00:00Z and is not ready: see kubectl logs redis-0$/,
    ],
  ])('%s', (_what, subject, warnings, words) => {
    expect(troubleOf([subject], ...warnings)).toMatch(words);
  });

  test('that was never made, since a quota forbids it', () => {
    const message = (name: string): string =>
      `create Pod ${name} in StatefulSet redis failed error: pods "${name}" is forbidden: exceeded quota: small`;
    const failed = warning({
      kind: 'StatefulSet',
      name: 'redis',
      reason: 'FailedCreate',
      message: message('redis-0'),
    });
    expect(troubleOf([], failed)).toBe('its pods are not made: forbidden: exceeded quota: small');
    const deployment = { ...set(), kind: 'Deployment', metadata: { name: 'grace' } };
    const made = stateOf(deployment, [], {
      warnings: [
        warning({
          kind: 'ReplicaSet',
          name: 'grace-5d4',
          reason: 'FailedCreate',
          message: 'Error creating: pods "grace-5d4-x7" is forbidden: exceeded quota: small',
        }),
      ],
      nowMs: NOW_MS,
    });
    expect(made.trouble).toBe('its pods are not made: forbidden: exceeded quota: small');
  });

  test('in the same words, whichever of two turns the kubelet is at', () => {
    const cause = 'failed to pull: not found';
    const pulling = troubleOf([waiting('ErrImagePull', cause)]);
    expect(
      troubleOf([waiting('ImagePullBackOff', `Back-off pulling image "mad/x:1": ErrImagePull: ${cause}`)]),
    ).toBe(pulling);
    const lastState = { terminated: { exitCode: 1, reason: 'Error' } };
    const crashed = troubleOf([waiting('CrashLoopBackOff', 'back-off 40s', { restartCount: 3, lastState })]);
    const running = { ready: false, restartCount: 4, state: { running: { startedAt: JUST_NOW } }, lastState };
    expect(troubleOf([pod({ containerStatuses: [running] })])).toBe(crashed);
  });
});

describe('nothing is said of', () => {
  test.each<[string, KubernetesManifest[], Warning[]]>([
    [
      'a pod that runs',
      [pod({ containerStatuses: [{ ready: true, state: { running: { startedAt: LONG_AGO } } }] })],
      [],
    ],
    ['a claim that is being bound', [unscheduled('unbound', JUST_NOW)], []],
    ['a pod that is being made', [waiting('ContainerCreating')], []],
    [
      'a Secret that may be on its way',
      [
        pod({
          startTime: JUST_NOW,
          containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }],
        }),
      ],
      [warning({})],
    ],
    [
      'a pod that the scheduler took its time for',
      [pod({ containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] })],
      [warning({ reason: 'FailedScheduling', message: 'pod has unbound immediate PersistentVolumeClaims' })],
    ],
    [
      'a pod that is on its way out',
      [{ ...waiting('CrashLoopBackOff'), metadata: { ...pod({}).metadata, deletionTimestamp: JUST_NOW } }],
      [],
    ],
    [
      'what an earlier pod of that name could not mount',
      [waiting('ContainerCreating')],
      [warning({ uid: 'earlier' })],
    ],
    [
      'a start that takes its time',
      [pod({ containerStatuses: [{ ready: false, state: { running: { startedAt: JUST_NOW } } }] })],
      [],
    ],
    [
      'one that was evicted, in the place of which another runs',
      [
        pod({
          phase: 'Failed',
          containerStatuses: [{ state: { terminated: { exitCode: 137 } }, restartCount: 2 }],
        }),
        pod({}, 'redis-1'),
      ],
      [],
    ],
    [
      'a quota that was in the way once',
      [pod({})],
      [warning({ kind: 'StatefulSet', name: 'redis', reason: 'FailedCreate', message: 'exceeded quota' })],
    ],
  ])('%s', (_what, pods, warnings) => {
    expect(troubleOf(pods, ...warnings)).toBeNull();
  });
});
