import { defineTool, PollMessagesInput, PollMessagesOutput, type ToolDefinition } from '@mad-group/protocol';
import type { z } from 'zod';
import { within } from '../delivery/within.ts';
import type { Gateway } from '../gateway.ts';
import { DEFAULT_LIMIT, type Polled, pollByPosition, pollQueue } from '../polling.ts';

export const pollMessages = (gateway: Gateway): ToolDefinition =>
  defineTool({
    name: 'grace_poll_messages',
    title: 'Poll messages',
    description:
      'Returns and clears what waits for a client: the newest 100 messages, and how many were dropped before them. ' +
      'With after it reads the log behind a position instead and loses nothing; hand the returned position back. ' +
      'With wait_ms it waits for a first message.',
    input: PollMessagesInput,
    output: PollMessagesOutput,
    readOnly: false,
    scope: 'read',
    missing: "'client_id' is required.",
    async handle(input: z.output<typeof PollMessagesInput>, { caller, signal, log }) {
      const { client_id: clientId, after, limit = DEFAULT_LIMIT, wait_ms: waitMs = 0 } = input;
      const client = await gateway.clients.find(clientId, caller);
      if (!client) {
        // Who subscribed to nothing waits as long as the others: or it would ask again at once.
        if (waitMs > 0) await within(null, waitMs, signal);
        signal.throwIfAborted();
        return {
          status: 'success' as const,
          messages: [],
          dropped: 0,
          ...(after ? { position: after } : {}),
        };
      }
      const polled =
        after === undefined
          ? await pollQueue(gateway, client, { waitMs, signal })
          : await pollByPosition(gateway, client, { after, limit, waitMs, signal });
      gateway.clients.touch(client);
      log.debug({ client_id: clientId, messages: polled.messages.length }, 'Client polled');
      return reply(polled);
    },
  });

function reply({ messages, dropped, position, gaps }: Polled) {
  return {
    status: 'success' as const,
    messages,
    dropped,
    ...(position === null ? {} : { position }),
    ...(gaps.length === 0 ? {} : { gaps: [...gaps] }),
  };
}
