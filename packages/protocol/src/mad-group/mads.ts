import { z } from 'zod';
import { celList, listMap, matches, rules } from './cel.ts';
import { DEFAULT_STORAGE_SIZE, kubernetesObject, matching, storage } from './fields.ts';

/** The MADs that come with the group; any other brings its image. */
export const GROUP_MADS = ['grace', 'fiedler', 'rogers', 'sequential-thinking'] as const;
/** Those of them that keep nothing on a disk; the others have a database, and so a claim and one replica. */
const STATELESS = ['grace', 'sequential-thinking'] as const;
/** Names of Services that are there already; `kubernetes` is the API server’s own, in `default`. */
const TAKEN_NAMES = ['redis', 'mad-operator', 'kubernetes'] as const;
const MAX_MADS = 50;
const MAX_AMOUNT_LENGTH = 32;

const AMOUNT = /^[0-9]+(\.[0-9]+)?(m|[KMGTPE]i|[kMGTPE])?$/;
const amount = () =>
  z
    .union([z.int().min(0), z.string().max(MAX_AMOUNT_LENGTH).regex(AMOUNT)])
    .meta({
      maxLength: MAX_AMOUNT_LENGTH,
      ...rules({
        rule: `type(self) == int ? self >= 0 : ${matches('string(self)', AMOUNT)}`,
        message: 'must be an amount as Kubernetes writes it: 100m or 2 for cpu, 512Mi or 1Gi for memory',
      }),
    })
    .exactOptional();
const amounts = (meaning: string) =>
  z
    .strictObject({ cpu: amount(), memory: amount(), 'ephemeral-storage': amount() })
    .exactOptional()
    .describe(meaning);

const oneReplica = (name: string, reason: string) => ({
  rule: `self.name != '${name}' || !has(self.replicas) || self.replicas == 1`,
  message: `${name} has one replica: ${reason}; write 1 or remove replicas`,
  fieldPath: '.replicas',
});

const MemberSchema = z
  .strictObject({
    name: matching(
      /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
      // A StatefulSet adds eleven characters to it in a label, which has 63 at most.
      52,
      'must be a DNS label, since a Service has this name: lower-case letters, digits and -, a letter first, such as librarian',
    ).describe('Its id on the bus, and the name of its Service and workload.'),
    image: matching(
      /^[a-z0-9][a-zA-Z0-9.-]*(:[0-9]+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?$/,
      512,
      'must be repository[:tag|@sha256:…] in lower case, without a scheme, such as registry.example/librarian:1.2',
    )
      .exactOptional()
      .describe('`repository[:tag|@digest]`. A MAD of your own needs it; the four have theirs.'),
    replicas: z
      .int()
      .min(0)
      .max(100)
      .exactOptional()
      .describe('Where absent 1, or what an autoscaler says. Fiedler and Rogers have one.'),
    storage: storage()
      .exactOptional()
      .describe(
        `Claim for \`/data\`. Fiedler and Rogers have one of ${DEFAULT_STORAGE_SIZE} where absent, a MAD of your own none.`,
      ),
    resources: z
      .strictObject({
        requests: amounts('What a node must have free for it.'),
        limits: amounts('What it may take at most.'),
      })
      .exactOptional()
      .describe('The chart’s where absent.'),
    values: kubernetesObject()
      .exactOptional()
      .describe(
        'Any value of its chart: see the chart’s README. A MAD of your own is rendered by `extra-mad`.',
      ),
  })
  .meta(
    rules(
      {
        rule: `!(self.name in ${celList(TAKEN_NAMES)})`,
        message: `${TAKEN_NAMES.join(', ')} are names of other Services: choose another`,
        fieldPath: '.name',
      },
      {
        rule: `self.name in ${celList(GROUP_MADS)} || has(self.image)`,
        message: `is none of ${GROUP_MADS.join(', ')}, and a MAD of your own needs its image: set image, or correct the name`,
        messageExpression: `self.name + ' is none of ${GROUP_MADS.join(', ')}, and a MAD of your own needs its image: set image, or correct the name'`,
        fieldPath: '.image',
      },
      oneReplica('fiedler', 'its tasks are in one SQLite file, which has one writer'),
      oneReplica('rogers', 'its counts are in one SQLite file, which has one writer'),
      {
        rule: `!has(self.storage) || !(self.name in ${celList(STATELESS)})`,
        message: `${STATELESS.join(' and ')} keep nothing on a disk: remove storage`,
        fieldPath: '.storage',
      },
    ),
  );

export const MembersSchema = z
  .array(MemberSchema)
  .min(1)
  .max(MAX_MADS)
  .meta(listMap('name'))
  .prefault(GROUP_MADS.map((name) => ({ name })))
  .describe('The MADs of the group: the four where absent, else these and no others.');
