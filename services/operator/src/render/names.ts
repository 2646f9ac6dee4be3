/** Names of what the operator makes beside the charts. */
export const FIELD_MANAGER = 'mad-operator';
/** On everything that belongs to a group: its name. */
export const GROUP_LABEL = 'mads.dev/group';
export const PAUSED_ANNOTATION = 'mads.dev/paused';
/** Another value of it makes the secrets of a group anew. */
export const ROTATE_ANNOTATION = 'mads.dev/rotate';

export const busSecretName = (group: string): string => `${group}-bus-password`;
export const tokensSecretName = (group: string): string => `${group}-tokens`;
/** Keys within those. */
export const PASSWORD_KEY = 'password';
export const ADMIN = 'admin';

/** Ports of the MADs' tools, as the charts' Services have them. */
export const MAD_PORTS: Readonly<Record<string, number>> = {
  grace: 8000,
  fiedler: 8001,
  rogers: 8002,
  'sequential-thinking': 8003,
};
