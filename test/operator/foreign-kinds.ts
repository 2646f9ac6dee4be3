/** A kind of others that the charts make, as far as it is needed here: its CRD takes any spec. */
const definition = (group: string, kind: string, plural: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${plural}.${group}`,
    // The API server takes no CRD of its own projects without it.
    annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' },
  },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  },
});

export const SERVICE_MONITOR = definition('monitoring.coreos.com', 'ServiceMonitor', 'servicemonitors');
export const HTTP_ROUTE = definition('gateway.networking.k8s.io', 'HTTPRoute', 'httproutes');
