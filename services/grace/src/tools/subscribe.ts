import {
  type ClientConnection,
  defineTool,
  MadError,
  SubscribeInput,
  SubscribeOutput,
  type ToolDefinition,
} from '@mad-group/protocol';
import type { z } from 'zod';
import type { Gateway } from '../gateway.ts';
import { subscribe } from '../subscriptions.ts';

export const subscribeTool = (gateway: Gateway): ToolDefinition =>
  defineTool({
    name: 'grace_subscribe',
    title: 'Subscribe to channels',
    description:
      'Adds channels to what a client receives: a channel, a prefix with a trailing *, or mad.# for all. ' +
      'Messages wait for grace_poll_messages, or with push come over this WebSocket as {"type": "message", "message": …}.',
    input: SubscribeInput,
    output: SubscribeOutput,
    readOnly: false,
    idempotent: true,
    scope: 'read',
    missing: "'client_id' (string) and 'topics' (list) are required.",
    async handle(input: z.output<typeof SubscribeInput>, { caller, signal, connection, log }) {
      const position = await subscribe(gateway, {
        clientId: input.client_id,
        topics: input.topics,
        caller,
        signal,
        push: pushTarget(input.push, connection),
        after: input.after,
      });
      log.info({ client_id: input.client_id, topics: input.topics.length }, 'Client subscribed');
      return {
        status: 'success' as const,
        message: `Subscribed client '${input.client_id}' to ${input.topics.length} topics.`,
        ...(position === null ? {} : { position }),
      };
    },
  });

/** @throws MadError `invalid_input` where a push was asked for over what cannot carry one */
function pushTarget(
  push: boolean | undefined,
  connection: ClientConnection | undefined,
): ClientConnection | null | undefined {
  if (push === undefined) return undefined;
  if (!push) return null;
  if (connection) return connection;
  throw new MadError(
    'invalid_input',
    "'push' needs a WebSocket connection to Grace: connect to ws://…/ and subscribe there, or use 'grace_poll_messages' with 'wait_ms'.",
  );
}
