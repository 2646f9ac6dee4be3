import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { MadInside } from '@mad-group/mad';
import type { CommandTable } from '@mad-group/mad/admin';
import ssh2, { type Connection } from 'ssh2';
import { ALGORITHMS } from './algorithms.ts';
import type { Actor, AuditTrail } from './audit-trail.ts';
import { judge } from './authenticate.ts';
import type { AuthorizedKey } from './authorized-keys.ts';
import { createCommandRunner } from './command-runner.ts';
import { createIdleTimer } from './idle-timer.ts';
import type { KeyRing } from './keyring.ts';
import { type OpenSession, serveSession } from './session.ts';
import { plainAddress } from './source-address.ts';

export interface ConnectionParts {
  readonly inside: Pick<MadInside, 'id' | 'callTool' | 'log'>;
  readonly table: CommandTable;
  readonly keys: KeyRing;
  readonly audit: AuditTrail;
  readonly hostKey: string;
  readonly greeting: string;
  /** Lines typed before, by the fingerprint of the key; newest first. */
  readonly histories: Map<string, readonly string[]>;
  readonly loginMs: number;
  readonly idleMs: number;
}

export interface OpenConnection {
  readonly address: string;
  /** Whose it is; null before the login. */
  key(): AuthorizedKey | null;
  /** Says why in each session, and closes all of it. Idempotent. */
  end(words: string): Promise<void>;
  /** Closes at once. */
  drop(): void;
  readonly over: Promise<void>;
}

/** Tries to log in on one connection. */
const MAX_TRIES = 3;
/** Sessions of one connection at once, as a client that shares its connection opens them. */
const MAX_SESSIONS = 8;
/** How long clients get to show why they are sent away, and to go, in milliseconds. */
const LAST_WORDS_MS = 900;
/** How long a connection that failed may take to carry its last packet, in milliseconds. */
const LINGER_MS = 1000;

/** Serves one connection from its first byte to its last. */
export function serveConnection(socket: Socket, parts: ConnectionParts): OpenConnection {
  const { inside, audit, keys } = parts;
  const log = inside.log;
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const gone = new AbortController();
  const address = plainAddress(socket.remoteAddress ?? '');
  let actor: Actor = { sessionId: randomUUID(), address };
  let key: AuthorizedKey | null = null;
  let ending: Promise<void> | undefined;
  let endClient = (): void => undefined;
  const sessions = new Set<OpenSession>();

  socket.on('close', () => {
    clearTimeout(loginTimer);
    gone.abort();
    if (key) audit.record('ssh_logout', actor);
    resolve();
  });
  const loginTimer = setTimeout(() => {
    audit.record('ssh_login_refused', actor, { reason: 'no login in time' });
    socket.destroy();
  }, parts.loginMs);

  // A server of the library's for each connection, so that whose socket it is stays known.
  const protocol = new ssh2.Server(
    { hostKeys: [parts.hostKey], algorithms: ALGORITHMS, ident: 'MAD' },
    (client) => serveClient(client),
  );
  protocol.injectSocket(socket);

  /** The last packet goes out where it can; the library must not go on with what has failed. */
  function dropSoon(): void {
    socket.destroySoon();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  }

  function serveClient(client: Connection): void {
    client.on('error', (error) => {
      log.debug({ session_id: actor.sessionId, reason: error.message }, 'An SSH connection failed');
      dropSoon();
    });
    refuseForwarding(client);
    listenForLogin(client);
    client.on('ready', () => {
      clearTimeout(loginTimer);
      if (key) welcome(client, key);
    });
  }

  function listenForLogin(client: Connection): void {
    let tries = 0;
    client.on('authentication', (context) => {
      // With it a client asks what there is to choose from.
      if (context.method === 'none' && tries === 0 && actor.user === undefined) {
        actor = { ...actor, user: context.username.slice(0, 64) };
        context.reject(['publickey']);
        return;
      }
      const verdict = judge(context, keys, address, Date.now());
      actor = { ...actor, user: context.username.slice(0, 64) };
      if (verdict.kind === 'refused') {
        const { reason, fingerprint } = verdict;
        audit.record('ssh_login_refused', { ...actor, fingerprint }, { reason });
        tries += 1;
        if (tries < MAX_TRIES) context.reject(['publickey']);
        else {
          client.end();
          dropSoon();
        }
        return;
      }
      if (verdict.kind === 'admitted') {
        const { fingerprint, comment } = verdict.key;
        key = verdict.key;
        actor = { ...actor, fingerprint, comment };
      }
      context.accept();
    });
  }

  function welcome(client: Connection, { options, fingerprint }: AuthorizedKey): void {
    audit.record('ssh_login', actor);
    const idle = createIdleTimer(parts.idleMs, () => void end('nothing was done for too long; goodbye'));
    gone.signal.addEventListener('abort', idle.stop, { once: true });
    const runner = createCommandRunner({ ...parts, actor });
    client.on('session', (accept, reject) => {
      if (sessions.size >= MAX_SESSIONS || ending) return reject();
      const session = serveSession(accept(), {
        socket,
        options,
        runner,
        idle,
        greeting: parts.greeting,
        promptText: `${inside.id}> `,
        history: {
          get: () => parts.histories.get(fingerprint) ?? [],
          set: (lines) => parts.histories.set(fingerprint, lines),
        },
        gone: gone.signal,
        refused,
      });
      sessions.add(session);
      void session.over.then(() => sessions.delete(session));
    });
    endClient = () => client.end();
  }

  function refused(what: string): void {
    audit.record('ssh_request_refused', actor, { what });
  }

  /** It is refused without these listeners as well; with them it is written down. */
  function refuseForwarding(client: Connection): void {
    client.on('tcpip', (_accept, reject, { destIP, destPort }) => {
      refused(`forwarding to ${destIP.slice(0, 200)}:${destPort}`);
      reject();
    });
    client.on('openssh.streamlocal', (_accept, reject, { socketPath }) => {
      refused(`forwarding to ${socketPath.slice(0, 200)}`);
      reject();
    });
    client.on('request', (_accept, reject, name) => {
      refused(name);
      reject?.();
    });
  }

  function end(words: string): Promise<void> {
    ending ??= (async () => {
      if (sessions.size > 0) {
        // A client leaves by itself when its last session is over. Sent away, it shows none of the words.
        const left = Promise.all([...sessions].map((session) => session.stop(words))).then(() => over);
        await Promise.race([left, new Promise((done) => setTimeout(done, LAST_WORDS_MS))]);
      }
      endClient();
      dropSoon();
      await over;
    })();
    return ending;
  }

  return { address, key: () => key, end, drop: () => socket.destroy(), over };
}
