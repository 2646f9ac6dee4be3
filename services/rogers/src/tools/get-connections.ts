import {
  defineTool,
  GetConnectionsInput,
  GetConnectionsOutput,
  type ToolDefinition,
} from '@mad-group/protocol';
import type { TrafficStore } from '../traffic-store.ts';

/** `rogers_get_connections`: the registry of MADs. */
export const createGetConnections = (store: Pick<TrafficStore, 'connections'>): ToolDefinition =>
  defineTool({
    name: 'rogers_get_connections',
    title: 'Get connections',
    description:
      'Every MAD that was seen on the bus, with its status (CONNECTED, HEALTHY, STALE after 60 s of silence, DISCONNECTED after 300 s or its goodbye) and the time of its last message.',
    input: GetConnectionsInput,
    output: GetConnectionsOutput,
    readOnly: true,
    scope: 'read',
    handle: () => ({ status: 'success' as const, connections: store.connections() }),
  });
