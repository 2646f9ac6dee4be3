/** Names of what the operator makes beside the charts. */
export const FIELD_MANAGER = 'mad-operator';
/** On everything that belongs to a group: its name. */
export const GROUP_LABEL = 'mads.dev/group';
/** On pods: the group's name, as on those of a Helm release. */
export const RELEASE_LABEL = 'app.kubernetes.io/instance';
/** On pods of every group, and of no other ones. */
export const POD_SELECTOR = 'app.kubernetes.io/part-of=mad-group';
/** On the ConfigMap that says that a namespace has an operator of its own; the operator's chart makes it. */
export const OWN_OPERATOR_LABEL = 'mads.dev/operator';
export const PAUSED_ANNOTATION = 'mads.dev/paused';
/** Another value of it makes the secrets of a group anew. */
export const ROTATE_ANNOTATION = 'mads.dev/rotate';

/**
 * The Helm release whose objects become the group's. They are somebody's who has said nothing of an
 * operator, so it takes a word.
 */
export const ADOPT_ANNOTATION = 'mads.dev/adopt';

/**
 * Secrets that the operator makes, called as the chart calls its own: a release that becomes a group
 * keeps them, and its pods, which mount them by these names.
 */
export const BUS_SECRET_NAME = 'redis-auth';
export const tokensSecretName = (group: string): string => `${group}-callers`;
/** Keys within those. */
export const PASSWORD_KEY = 'password';
export const ADMIN = 'admin';

/** Ports of the tools of the four, as the charts' Services have them. */
const MAD_PORTS: Readonly<Record<string, number>> = {
  grace: 8000,
  fiedler: 8001,
  rogers: 8002,
  'sequential-thinking': 8003,
};
/** Those of MADs of one's own have one port, whatever they are called. */
const OWN_MAD_PORT = 8010;

/** Port of a MAD's tools. */
export const portOf = (mad: string): number => MAD_PORTS[mad] ?? OWN_MAD_PORT;
