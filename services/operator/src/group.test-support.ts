import { type MadGroup, MadGroupSchema } from '@mad-group/protocol';

/** A group as the API server hands it out: with the schema's defaults. */
export const groupOf = (spec: object = {}, metadata: object = {}, status?: object): MadGroup =>
  MadGroupSchema.parse({
    apiVersion: 'mads.dev/v1alpha1',
    kind: 'MadGroup',
    metadata: { name: 'demo', namespace: 'space', uid: 'u-1', generation: 3, ...metadata },
    spec,
    ...(status && { status }),
  });
