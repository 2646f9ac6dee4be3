import { owns, type ResourceDefinition } from '@mad-group/protocol';
import { handedUpTo } from './clients/record-keeper.ts';
import type { Gateway } from './gateway.ts';

export const clientsResource = ({ clients, fanOut }: Gateway): ResourceDefinition => ({
  uri: 'mad://grace/clients',
  name: 'clients',
  title: 'Clients of Grace',
  description:
    'The clients that this Grace holds: what they subscribed to and what waits for them. Yours; all for admin.',
  scope: 'read',
  read(_variables, { caller }) {
    const visible = [...clients.all()].filter((client) => owns(caller, client.owner.name));
    return {
      clients: visible.map((client) => ({
        client_id: client.id,
        owner: client.owner.name,
        topics: [...client.patterns],
        queued: client.queue.length,
        push: client.push !== null,
        position: handedUpTo(client, fanOut),
        last_used: new Date(client.lastUsedMs).toISOString(),
      })),
    };
  },
});
