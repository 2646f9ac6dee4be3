import {
  type Caller,
  createEnvelope,
  defineTool,
  hasScope,
  isChannel,
  MadError,
  SendMessageInput,
  SendMessageOutput,
  type ToolDefinition,
} from '@mad-group/protocol';
import type { z } from 'zod';
import type { Gateway } from '../gateway.ts';

/** Channels on which only the members of the group speak: tasks' events and heartbeats. */
const GROUPS_OWN = ['mad.stream.', 'mad.system.'];

export const sendMessage = (gateway: Pick<Gateway, 'bus'>): ToolDefinition =>
  defineTool({
    name: 'grace_send_message',
    title: 'Send a message on the bus',
    description:
      'Publishes a message on a channel: mad.direct.{recipient} for one recipient, mad.topic.{name} for who listens. ' +
      'A payload {"tool_name", "tool_input"} on mad.direct.{mad} calls a tool of that MAD with your scopes; ' +
      'the answer comes on mad.direct.grace with the same conversation_id and correlation_id.',
    input: SendMessageInput,
    output: SendMessageOutput,
    readOnly: false,
    scope: 'publish',
    missing: "Missing required fields: 'channel', 'payload'",
    async handle(input: z.output<typeof SendMessageInput>, { caller, correlationId, log }) {
      checkChannel(input.channel, caller);
      const envelope = createEnvelope({
        channel: input.channel,
        senderId: 'grace',
        payload: input.payload,
        recipientId: input.recipient_id,
        conversationId: input.conversation_id,
        correlationId,
        // A tool called by this message runs with the client's scopes, not with Grace's.
        headers: { caller: caller.name, scopes: [...caller.scopes].join(' ') },
      });
      try {
        const position = await gateway.bus.publish(envelope);
        log.debug({ message_id: envelope.message_id, channel: input.channel }, 'Published message');
        return { status: 'success' as const, message_id: envelope.message_id, position };
      } catch (error) {
        if (!(error instanceof MadError)) throw error;
        const { retryAfterMs } = error;
        throw new MadError(error.code, `Failed to publish message: ${error.message}`, {
          cause: error,
          ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        });
      }
    },
  });

/** @throws MadError `invalid_input`, `forbidden` */
function checkChannel(channel: string, caller: Caller): void {
  if (!isChannel(channel)) {
    throw new MadError(
      'invalid_input',
      "'channel' must be 'mad.' and a name without spaces or wildcards, as mad.direct.fiedler or mad.topic.news.",
    );
  }
  if (GROUPS_OWN.some((prefix) => channel.startsWith(prefix)) && !hasScope(caller, 'admin')) {
    throw new MadError(
      'forbidden',
      `'${channel}' is the group's own channel, and '${caller.name}' lacks the scope 'admin' to publish there: ` +
        'use mad.direct.{recipient} or mad.topic.{name}.',
    );
  }
}
