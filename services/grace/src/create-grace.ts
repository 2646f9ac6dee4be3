import { randomUUID } from 'node:crypto';
import { createMad, type Mad, madBase, measured, type ProcessParts } from '@mad-group/mad';
import packageJson from '../package.json' with { type: 'json' };
import { clientsResource } from './clients-resource.ts';
import { Gateway } from './gateway.ts';
import { pollMessages } from './tools/poll-messages.ts';
import { sendMessage } from './tools/send-message.ts';
import { subscribeTool } from './tools/subscribe.ts';
import { unsubscribeTool } from './tools/unsubscribe.ts';

const ID = 'grace';

/** Grace V0, the gateway: clients send, subscribe and poll through it. It does not think. */
export function createGrace(given: ProcessParts): Mad {
  const parts = measured(given, ID);
  const { config, bus, log, metrics } = parts;
  const gateway = new Gateway({
    bus,
    log: log.child({ mad: ID }),
    metrics,
    instanceId: randomUUID(),
    idleMs: config.GRACE_CLIENT_IDLE_MINUTES * 60_000,
    maxClients: config.GRACE_MAX_CLIENTS,
  });
  return createMad({
    ...madBase(parts),
    id: ID,
    title: 'GraceV0',
    version: packageJson.version,
    port: config.GRACE_PORT,
    portKey: 'GRACE_PORT',
    tools: [sendMessage(gateway), subscribeTool(gateway), unsubscribeTool(gateway), pollMessages(gateway)],
    resources: [clientsResource(gateway)],
    parts: [gateway],
    status: () => ({ details: { clients: gateway.clients.size } }),
  });
}
