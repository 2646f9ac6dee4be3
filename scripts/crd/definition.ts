import { MAD_GROUP, MadGroupSchema } from '@mad-group/protocol';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type JsonSchema, toStructural } from './structural.ts';

/**
 * The CustomResourceDefinition of MadGroup, as a template of the operator’s chart. What Helm reads stands
 * in comments, so that `kubectl apply -f` takes the file as well.
 */
export function definitionYaml(): string {
  const text = stringify(definition(), { lineWidth: 0, aliasDuplicateObjects: false });
  if (text.includes('{{')) throw new Error('Helm would take what is between {{ and }} for its own');
  return `# Made by \`npm run docs\` from packages/protocol/src/mad-group; change it there.
# {{- if .Values.crd.enabled }}
${text}# {{- end }}
`;
}

function definition(): object {
  const { group, version, kind, plural, singular } = MAD_GROUP;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      labels: { 'app.kubernetes.io/part-of': 'mad-group' },
      // Without it an uninstall of the operator would delete every group there is.
      annotations: { 'helm.sh/resource-policy': 'keep' },
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames: ['mg'] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: madGroupJsonSchema() },
          subresources: { status: {} },
          additionalPrinterColumns: COLUMNS,
        },
      ],
    },
  };
}

/** The schema of the resource, as the API server takes it. */
export function madGroupJsonSchema(): JsonSchema {
  const {
    properties,
    required: _,
    ...root
  } = toStructural(z.toJSONSchema(MadGroupSchema, { io: 'input', target: 'openapi-3.0' }));
  return {
    ...root,
    properties: {
      ...(properties as object),
      // The API server knows these better, and allows nothing about them here.
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
    },
  };
}

const condition = (name: string, type: string, description: string) => ({
  name,
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
  description,
});
/** Shown with `-o wide`. */
const WIDE = { priority: 1 };

const COLUMNS = [
  condition('Ready', 'Available', 'Whether every pod is ready: the condition Available.'),
  condition('Verified', 'Verified', 'Whether every MAD has answered, and the bus carries what is said.'),
  { name: 'MADs', type: 'string', jsonPath: '.status.ready', description: 'MADs that are ready, of all.' },
  { name: 'Model', type: 'string', jsonPath: '.status.model' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  { ...condition('Accepted', 'Accepted', 'Whether the spec can be carried out.'), ...WIDE },
  { ...condition('Degraded', 'Degraded', 'Whether a pod cannot run.'), ...WIDE },
];
