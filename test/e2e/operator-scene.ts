// The operator on a cluster, and groups that it keeps.
import { expect, vi } from 'vitest';
import { createNamespace, must, type TestNamespace } from '../kit/cluster.ts';

export const CHART = 'charts/mad-operator';
/** Kinds of what a group owns; pods and claims are owned by its workloads. */
export const OWNED =
  'statefulset,deployment,service,serviceaccount,configmap,networkpolicy,poddisruptionbudget,secret';
const OF_DEMO = ['-l', 'mads.dev/group=demo'];

/** Of a MAD in a group that has others beside it: all have to find room on a node of two cores. */
export const LIGHT = { resources: { requests: { cpu: '10m' } } };

type ConditionType = 'Accepted' | 'Progressing' | 'Available' | 'Verified' | 'Degraded';
interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}
export interface Item {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly creationTimestamp: string;
  };
}
interface List<T> {
  readonly items: readonly T[];
}

/**
 * Installs the operator into a namespace of its own, with flags of helm.
 *
 * @throws Error - it did not become ready; with what its pods say. Nothing of it stays.
 */
export async function installOperator(...flags: string[]): Promise<TestNamespace> {
  const system = await createNamespace('mad-system');
  try {
    await system.helm('install', 'mad-operator', CHART, '--wait', '--timeout', '120s', ...flags);
    return system;
  } catch (error) {
    const why = `${(error as Error).message}\n${await system.describe()}\n${await operatorLogs(system)}`;
    await removeOperator(system);
    throw new Error(why, { cause: error });
  }
}

/**
 * Removes it, with what is of the cluster as a whole: that does not go with the namespace, nor the CRD
 * with the release.
 *
 * @param classes StorageClasses to delete, too
 */
export async function removeOperator(system: TestNamespace | undefined, ...classes: string[]): Promise<void> {
  if (classes.length > 0) await must('kubectl', ['delete', 'storageclass', ...classes, '--ignore-not-found']);
  if (system === undefined) return;
  await system.tryKubectl('delete', 'crd', 'madgroups.mads.dev', '--timeout=60s', '--ignore-not-found');
  await must('helm', ['--namespace', system.name, 'uninstall', 'mad-operator', '--ignore-not-found']);
  await system.delete();
}

interface StorageClass {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly provisioner: string;
  readonly parameters?: object;
  readonly reclaimPolicy?: string;
  readonly volumeBindingMode?: string;
}
const IS_DEFAULT = 'storageclass.kubernetes.io/is-default-class';

/** Another class whose claims are made as those of the cluster's default. */
export async function copyDefaultClass(name: string, over: object = {}): Promise<void> {
  const { items } = JSON.parse(
    await must('kubectl', ['get', 'storageclass', '-o=json']),
  ) as List<StorageClass>;
  const original = items.find(({ metadata }) => metadata.annotations?.[IS_DEFAULT] === 'true');
  if (original === undefined) throw new Error('The cluster has no default StorageClass.');
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode } = original;
  const copy = { metadata: { name }, provisioner, parameters, reclaimPolicy, volumeBindingMode, ...over };
  const object = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', ...copy };
  await must('kubectl', ['apply', '-f', '-'], JSON.stringify(object));
}

/** The last that the operator's pods have logged, and those before them. */
export async function operatorLogs(system: TestNamespace): Promise<string> {
  const args = ['logs', '-l', 'app.kubernetes.io/name=mad-operator', '--prefix', '--tail=40'];
  const [now, before] = [await system.tryKubectl(...args), await system.tryKubectl(...args, '--previous')];
  return `${now.stdout}\n${before.stdout}`;
}

/** The group `demo` in a namespace of its own. */
export interface Scene {
  readonly ns: TestNamespace;
  apply(spec?: object, annotations?: Readonly<Record<string, string>>): Promise<void>;
  /** Merges into the spec. */
  patch(spec: object): Promise<void>;
  annotate(...annotations: string[]): Promise<void>;
  /** Null where the group does not say so yet. */
  condition(type: ConditionType): Promise<Condition | null>;
  status(type: ConditionType): Promise<string>;
  message(type: ConditionType): Promise<string>;
  /** Verified, and nothing on the way. */
  untilVerified(timeoutMs?: number): Promise<void>;
  /** What the group owns, by `Kind/name`. */
  owned(kinds?: string): Promise<ReadonlyMap<string, Item>>;
  /** UIDs of the members' pods. */
  pods(): Promise<string[]>;
  /** Every status that a condition takes from now on; `seen` is in order. */
  watch(type: ConditionType): { seen(): string[]; stop(): Promise<unknown> };
  /** Pods, events and logs of the group, and what the operator has said of it. */
  describe(): Promise<string>;
}

export async function createScene(prefix: string): Promise<Scene> {
  const ns = await createNamespace(prefix);
  const condition = async (type: ConditionType): Promise<Condition | null> => {
    const group = await ns.get<{ status?: { conditions?: Condition[] } }>('mg/demo');
    return group.status?.conditions?.find((each) => each.type === type) ?? null;
  };
  const status = async (type: ConditionType): Promise<string> => (await condition(type))?.status ?? '';
  return {
    ns,
    condition,
    status,
    message: async (type) => (await condition(type))?.message ?? '',
    async apply(spec = {}, annotations = {}) {
      const metadata = { name: 'demo', annotations };
      await ns.apply({ apiVersion: 'mads.dev/v1alpha1', kind: 'MadGroup', metadata, spec });
    },
    async patch(spec) {
      await ns.kubectl('patch', 'mg/demo', '--type=merge', '-p', JSON.stringify({ spec }));
    },
    async annotate(...annotations) {
      await ns.kubectl('annotate', 'mg/demo', '--overwrite', ...annotations);
    },
    async untilVerified(timeoutMs = 120_000) {
      const states = async (): Promise<string[]> => [await status('Progressing'), await status('Verified')];
      // Not `expect.poll`, which only a test may call.
      await vi.waitFor(async () => expect(await states(), ns.name).toEqual(['False', 'True']), {
        timeout: timeoutMs,
        interval: 250,
      });
    },
    async owned(kinds = OWNED) {
      const { items } = await ns.get<List<Item>>(kinds, ...OF_DEMO);
      return new Map(items.map((item) => [`${item.kind}/${item.metadata.name}`, item]));
    },
    async pods() {
      const { items } = await ns.get<List<Item>>('pods', '-l', 'mads.dev/member=true');
      return items.map(({ metadata }) => metadata.uid).toSorted();
    },
    watch(type) {
      const path = `{.status.conditions[?(@.type=="${type}")].status}`;
      const running = ns.start('get', 'mg/demo', '--watch', `--output=jsonpath=${path}{"\\n"}`);
      return {
        seen: () => running.stdout().split('\n').filter(Boolean),
        stop: () => running.stop(),
      };
    },
    async describe() {
      const group = await ns.tryKubectl('describe', 'mg');
      return `${group.stdout}\n${await ns.describe()}`;
    },
  };
}
