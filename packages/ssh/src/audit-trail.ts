import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '@mad-group/bus';
import {
  createEnvelope,
  type Envelope,
  ERROR_CODES,
  type Logger,
  MadError,
  topicChannel,
} from '@mad-group/protocol';

/** What is written down, with the words of its line in the log. */
const EVENTS = {
  ssh_login: 'SSH login',
  ssh_login_refused: 'SSH login refused',
  ssh_command: 'SSH command',
  ssh_command_ended: 'SSH command ended',
  ssh_request_refused: 'SSH request refused',
  ssh_logout: 'SSH logout',
} as const;
type AuditEvent = keyof typeof EVENTS;

/** Who did it: the same on every record of a connection. */
export interface Actor {
  /** Of the connection; the correlation id of its records and of the tools that it calls. */
  readonly sessionId: string;
  readonly address: string;
  readonly user?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly comment?: string | undefined;
}

export interface AuditTrail {
  record(event: AuditEvent, actor: Actor, facts?: Readonly<Record<string, unknown>>): void;
  /** Publishes what still waits, as long as the time allows. */
  stop(deadlineMs: number): Promise<void>;
}

const AUDIT_CHANNEL = topicChannel('audit');
/** Records that wait for a bus that is away; past it the oldest are only in the log. */
const MAX_WAITING = 1000;
const RETRY_MS = 1000;
/** Anyone can be refused, as often as they like: more in a minute are only in the log, and counted. */
const REFUSED_LOGINS_PER_MINUTE = 30;

/** Writes down what is done over SSH: in the log at once, and on `mad.topic.audit` as soon as the bus takes it. */
export function createAuditTrail(options: {
  readonly madId: string;
  readonly bus: Pick<Bus, 'publish'> | null;
  readonly log: Logger;
}): AuditTrail {
  const { madId, bus, log } = options;
  const waiting: Envelope[] = [];
  const stopped = new AbortController();
  const limit = createLimit(REFUSED_LOGINS_PER_MINUTE);
  let publishing: Promise<void> | undefined;
  let lost = 0;

  async function publishWaiting(): Promise<void> {
    let isRetry = false;
    for (let envelope = waiting[0]; envelope && !stopped.signal.aborted; envelope = waiting[0]) {
      try {
        await bus?.publish(envelope, { retry: isRetry });
      } catch (error) {
        if (isTemporary(error)) {
          if (!isRetry)
            log.warn({ err: error, waiting: waiting.length }, 'The bus takes no audit record; they wait');
          isRetry = true;
          await sleep(RETRY_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
          continue;
        }
        // Never to be taken: those behind it must not wait for it.
        log.error({ err: error, session_id: envelope.correlation_id }, 'An audit record is in the log alone');
      }
      // While it was on its way, the oldest may have been given up.
      if (waiting[0] === envelope) waiting.shift();
      isRetry = false;
    }
    if (lost > 0) log.error({ lost }, 'Audit records are in the log alone: too many waited for the bus');
    lost = 0;
    // In the same turn as the last look at what waits: what comes after it begins anew.
    publishing = undefined;
  }

  function publish(payload: Record<string, unknown>, sessionId: string): void {
    const ids = { conversationId: sessionId, correlationId: sessionId };
    waiting.push(createEnvelope({ channel: AUDIT_CHANNEL, senderId: madId, payload, ...ids }));
    if (waiting.length > MAX_WAITING) {
      waiting.shift();
      lost += 1;
    }
    publishing ??= publishWaiting();
  }

  return {
    record(event, actor, facts = {}) {
      const { sessionId, address, user, fingerprint, comment } = actor;
      const who = {
        session_id: sessionId,
        address,
        user,
        key_fingerprint: fingerprint,
        key_comment: comment,
      };
      const level = event.endsWith('_refused') ? 'warn' : 'info';
      log[level]({ event, ...who, ...facts }, EVENTS[event]);
      if (!bus || stopped.signal.aborted) return;
      const unpublished = event === 'ssh_login_refused' ? limit.take() : 0;
      if (unpublished === null) return;
      publish({ event, ...who, ...facts, ...(unpublished > 0 ? { unpublished } : {}) }, sessionId);
    },
    async stop(deadlineMs) {
      const timer = setTimeout(() => stopped.abort(), deadlineMs);
      await publishing;
      clearTimeout(timer);
      stopped.abort();
    },
  };
}

/** Whether the same record may be taken later. What is no error of ours is the bus's, as a refusal of Redis. */
const isTemporary = (error: unknown): boolean =>
  !(error instanceof MadError) || ERROR_CODES[error.code].retryable;

/** Lets so many through in a minute. `take` gives how many it kept back before this one, or null where it keeps this one. */
function createLimit(perMinute: number): { take(): number | null } {
  let minute = 0;
  let taken = 0;
  let kept = 0;
  return {
    take() {
      const now = Math.floor(performance.now() / 60_000);
      if (now !== minute) taken = 0;
      minute = now;
      if (taken >= perMinute) {
        kept += 1;
        return null;
      }
      taken += 1;
      const before = kept;
      kept = 0;
      return before;
    },
  };
}
