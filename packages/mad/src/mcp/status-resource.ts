import type { MadStatus, ResourceDefinition } from '@mad-group/protocol';

/** `mad://{id}/status`, which every MAD has. */
export const statusResource = (id: string, status: () => MadStatus): ResourceDefinition => ({
  uri: `mad://${id}/status`,
  name: 'status',
  title: 'Status',
  description: 'Health of this MAD: its bus, its database, its planner and its model provider.',
  scope: 'read',
  read: () => status(),
});
