import type { Bus } from '@mad-group/bus';
import type { Envelope } from '@mad-group/protocol';
import { currentTraceHeaders, inSpan, isTraced, SpanKind, type SpanSpec } from '@mad-group/protocol/tracing';

/**
 * The same bus, whose messages carry the trace that they are published in. A message to someone is a
 * span; a task's events and heartbeats are none, since there are many and they lead nowhere.
 */
export function traceBus(bus: Bus): Bus {
  return {
    ...bus,
    async publish(envelope, options) {
      if (!isTraced()) return bus.publish(envelope, options);
      const publish = () => bus.publish(withTrace(envelope), options);
      return isMessage(envelope)
        ? inSpan(messageSpan('send', envelope, SpanKind.PRODUCER), publish)
        : publish();
    },
  };
}

const withTrace = (envelope: Envelope): Envelope => ({
  ...envelope,
  headers: { ...envelope.headers, ...currentTraceHeaders() },
});

const isMessage = ({ channel }: Envelope): boolean => !/^mad\.(?:stream|system)\./.test(channel);

/** The span of a message as OpenTelemetry's conventions for messaging name it, with the recipient as a variable. */
export function messageSpan(operation: 'send' | 'process', envelope: Envelope, kind: SpanKind): SpanSpec {
  const template = envelope.channel.startsWith('mad.direct.') ? 'mad.direct.{recipient_id}' : undefined;
  return {
    name: `${operation} ${template ?? envelope.channel}`,
    kind,
    attributes: {
      'messaging.system': 'mad-bus',
      'messaging.operation.name': operation,
      'messaging.operation.type': operation,
      'messaging.destination.name': envelope.channel,
      ...(template ? { 'messaging.destination.template': template } : {}),
      'messaging.message.id': envelope.message_id,
      'messaging.message.conversation_id': envelope.conversation_id,
      'mad.correlation_id': envelope.correlation_id,
    },
  };
}
