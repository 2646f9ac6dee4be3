// Fields that several parts of a MadGroup have.
import { z } from 'zod';
import { matches, rules } from './cel.ts';

/**
 * Text with a pattern. Of a pattern the API server says no more than that it should match, so it is
 * handed to it as a rule, whose message tells what to write. Every text has a longest length, since the
 * API server refuses rules whose cost has no bound. No apostrophe in the pattern.
 */
export const matching = (pattern: RegExp, maxLength: number, message: string) =>
  z
    .string()
    .max(maxLength)
    .regex(pattern, message)
    .meta({ pattern: undefined, ...rules({ rule: matches('self', pattern), message }) });

const objectName = () =>
  matching(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    253,
    'must be the name of an object: lower-case letters, digits, - and ., such as openai or my-group.redis',
  );

/** Name and key of a Secret in the group's namespace. */
export const secretRef = (key: string) =>
  z.strictObject({
    name: objectName().describe('Secret in the namespace of the group.'),
    key: matching(
      /^[-._a-zA-Z0-9]+$/,
      253,
      `must be a key of the Secret: letters, digits, -, _ and ., such as ${key}`,
    )
      .default(key)
      .describe('Key within that Secret.'),
  });

export const namedRef = (meaning: string) => z.strictObject({ name: objectName().describe(meaning) });

/** What a claim has where no size is said. */
export const DEFAULT_STORAGE_SIZE = '2Gi';

export const storage = () =>
  z.strictObject({
    size: matching(
      /^[1-9][0-9]*(\.[0-9]+)?([KMGTPE]i|[kMGTPE])$/,
      32,
      'must be a number from 1 with its unit, Ki, Mi, Gi, Ti (of 1024) or k, M, G, T (of 1000): write 5Gi, say, or 512Mi',
    )
      .default(DEFAULT_STORAGE_SIZE)
      .describe('Size of the claim. It may grow, where its class allows that; it never shrinks.'),
    storageClass: objectName()
      .exactOptional()
      .describe('The cluster’s default where absent. It stays as it was first.'),
  });

/** An object of Kubernetes’ own: what it becomes part of is checked when that is applied. */
export const kubernetesObject = () => z.looseObject({});

const port = () => z.int().min(1).max(65_535);

/** Where NetworkPolicies let traffic to someone outside go. */
export const egress = (whom: string) =>
  z
    .strictObject({
      peers: z
        .array(kubernetesObject())
        .max(50)
        .exactOptional()
        .describe(
          `Peers of ${whom}, as NetworkPolicy writes them. Where absent they follow from the address: itself, its namespace, or the public network.`,
        ),
      ports: z
        .array(port())
        .max(50)
        .exactOptional()
        .describe('Ports behind it; where absent, that of the address.'),
    })
    .exactOptional();
