/** A pod that `restricted` admits, in an image of this project, whose user is 1000. */
export const restrictedPod = (options: {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  readonly command: readonly string[];
}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: options.name, labels: options.labels },
  spec: {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'main',
        image: options.image,
        command: options.command,
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
});
