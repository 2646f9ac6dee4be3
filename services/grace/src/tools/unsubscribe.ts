import { defineTool, type ToolDefinition, UnsubscribeInput, UnsubscribeOutput } from '@mad-group/protocol';
import type { z } from 'zod';
import type { Gateway } from '../gateway.ts';
import { unsubscribe } from '../subscriptions.ts';

export const unsubscribeTool = (gateway: Gateway): ToolDefinition =>
  defineTool({
    name: 'grace_unsubscribe',
    title: 'End subscriptions',
    description:
      'Ends some of a client’s subscriptions, named as they were subscribed to, or all of them. ' +
      'A client without any is forgotten, with what waited for it.',
    input: UnsubscribeInput,
    output: UnsubscribeOutput,
    readOnly: false,
    idempotent: true,
    scope: 'read',
    missing: "'client_id' is required.",
    async handle(input: z.output<typeof UnsubscribeInput>, { caller, log }) {
      const ended = await unsubscribe(gateway, { clientId: input.client_id, topics: input.topics, caller });
      log.info({ client_id: input.client_id, topics: ended }, 'Client unsubscribed');
      return {
        status: 'success' as const,
        message: `Unsubscribed client '${input.client_id}' from ${ended} topics.`,
      };
    },
  });
