import {
  defineTool,
  MadError,
  PollMessagesInput,
  PollMessagesOutput,
  type ToolDefinition,
} from '@mad-group/protocol';
import type { z } from 'zod';
import type { Client } from '../clients/client.ts';
import { within } from '../delivery/within.ts';
import type { Gateway } from '../gateway.ts';
import { DEFAULT_LIMIT, type Polled, pollByPosition, pollQueue, pollSince } from '../polling.ts';

const TWO_BEGINNINGS = "'after' and 'since' both say where to begin: give one of them.";

export const pollMessages = (gateway: Gateway): ToolDefinition =>
  defineTool({
    name: 'grace_poll_messages',
    title: 'Poll messages',
    description:
      'Returns and clears what waits for a client: the newest 100 messages, and how many were dropped before them. ' +
      'With after it reads the log behind a position instead and loses nothing; hand the returned position back. ' +
      'With since it begins there by a time. ' +
      'With wait_ms it waits for a first message.',
    input: PollMessagesInput,
    output: PollMessagesOutput,
    readOnly: false,
    scope: 'read',
    missing: "'client_id' is required.",
    async handle(input: z.output<typeof PollMessagesInput>, { caller, signal, log }) {
      const { client_id: clientId, after, since, limit = DEFAULT_LIMIT, wait_ms: waitMs = 0 } = input;
      if (after !== undefined && since !== undefined) throw new MadError('invalid_input', TWO_BEGINNINGS);
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
      const polled = await poll(client);
      gateway.clients.touch(client);
      log.debug({ client_id: clientId, messages: polled.messages.length }, 'Client polled');
      return reply(polled);

      function poll(of: Client): Promise<Polled> {
        if (after !== undefined) return pollByPosition(gateway, of, { after, limit, waitMs, signal });
        if (since !== undefined) return pollSince(gateway, of, { since, limit, waitMs, signal });
        return pollQueue(gateway, of, { waitMs, signal });
      }
    },
  });

function reply({ messages, dropped, position, gaps, caughtUp }: Polled) {
  return {
    status: 'success' as const,
    messages,
    dropped,
    ...(position === null ? {} : { position }),
    ...(gaps.length === 0 ? {} : { gaps: [...gaps] }),
    ...(caughtUp === undefined ? {} : { caught_up: caughtUp }),
  };
}
