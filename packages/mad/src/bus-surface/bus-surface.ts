import type { Bus } from '@mad-group/bus';
import {
  type Caller,
  createEnvelope,
  directChannel,
  type Envelope,
  type Logger,
  MadError,
  toErrorReply,
} from '@mad-group/protocol';
import { inSpan, SpanKind, type Tracing, traceHeadersOf, withTracing } from '@mad-group/protocol/tracing';
import type { Dispatcher } from '../dispatch.ts';
import { messageSpan } from '../tracing/traced-bus.ts';
import { callerOf } from './bus-caller.ts';
import { createPlaces } from './places.ts';
import { createMessageReader } from './read-messages.ts';

export interface BusSurfaceOptions {
  readonly bus: Bus;
  readonly id: string;
  readonly dispatcher: Dispatcher;
  readonly tracing?: Tracing | undefined;
  readonly log: Logger;
  /** Aborts when the MAD stops. */
  readonly signal: AbortSignal;
  /** Calls of one caller that run at once; a further one is refused. Default 256. */
  readonly maxPerCaller?: number;
}

export interface BusSurface {
  start(): Promise<void>;
  /** Reads no more, and waits for the replies under way, at most `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Tools over the bus: `{tool_name, tool_input}` on `mad.direct.{id}` is answered on
 * `mad.direct.{sender_id}`, with the same conversation and correlation ids. Any other payload is
 * none of its business: replies and notifications come on that channel too.
 */
export function createBusSurface(options: BusSurfaceOptions): BusSurface {
  const { bus, id, log } = options;
  const places = createPlaces(options.maxPerCaller ?? 256);
  const reader = createMessageReader({
    bus,
    channel: directChannel(id),
    name: 'tools',
    log,
    onMessage(envelope) {
      if (!isRequest(envelope)) return;
      const caller = callerOf(envelope);
      const place = places.take(caller.name);
      // Never waited for: behind one that waits, the log would not be read, and a cancel not be heard.
      if (place === null) void refuse(envelope, caller);
      else void traced(envelope, () => answer(envelope, caller)).finally(place);
    },
  });

  /** In the trace that the message belongs to, its reply included. */
  const traced = (request: Envelope, work: () => Promise<void>): Promise<void> =>
    withTracing(options.tracing, traceHeadersOf(request.headers), () =>
      inSpan(messageSpan('process', request, SpanKind.CONSUMER), work),
    );

  async function answer(request: Envelope, caller: Caller): Promise<void> {
    const outcome = await options.dispatcher.call({
      surface: 'bus',
      caller,
      toolName: request.payload.tool_name,
      toolInput: request.payload.tool_input,
      correlationId: request.correlation_id,
      signals: [options.signal],
    });
    await send(request, caller, { ...outcome.reply });
  }

  function refuse(request: Envelope, caller: Caller): Promise<void> {
    const words = `Caller '${caller.name}' has as many calls under way over the bus as are allowed. Try again.`;
    const reply = toErrorReply(new MadError('queue_full', words, { retryAfterMs: 1000 }));
    return send(request, caller, { ...reply });
  }

  async function send(request: Envelope, caller: Caller, payload: Record<string, unknown>): Promise<void> {
    try {
      await publishReply(request, caller, payload);
    } catch (error) {
      const facts = { correlation_id: request.correlation_id, to: request.sender_id };
      log.warn({ ...facts, reason: (error as Error).message }, 'A reply was not sent on the bus');
    }
  }

  async function publishReply(request: Envelope, caller: Caller, payload: Record<string, unknown>) {
    const reply = (content: Record<string, unknown>): Envelope =>
      createEnvelope({
        channel: directChannel(request.sender_id),
        senderId: id,
        recipientId: request.sender_id,
        conversationId: request.conversation_id,
        correlationId: request.correlation_id,
        payload: content,
        headers: {
          ...traceHeadersOf(request.headers),
          in_reply_to: request.message_id,
          owner: caller.name,
        },
      });
    try {
      await bus.publish(reply(payload));
    } catch (error) {
      // The asker should not wait for a reply that is too large to be sent.
      if (!(error instanceof MadError) || error.code !== 'payload_too_large') throw error;
      await bus.publish(reply({ ...toErrorReply(error) }));
    }
  }

  return {
    start: () => reader.start(),
    async stop(graceMs) {
      const timer = Promise.withResolvers<void>();
      const handle = setTimeout(timer.resolve, graceMs);
      await Promise.race([reader.stop().then(() => places.idle()), timer.promise]);
      clearTimeout(handle);
    },
  };
}

/** A reply is never taken for a request, whatever its payload, so that two MADs cannot call in circles. */
const isRequest = ({ payload, headers }: Envelope): boolean =>
  Object.hasOwn(payload, 'tool_name') && headers?.in_reply_to === undefined;
