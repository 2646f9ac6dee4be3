import type { Config, MadInside } from '@mad-group/mad';
import { type AdminCommand, createCommandTable, spokenTitle } from '@mad-group/mad/admin';
import { createAuditTrail } from './audit-trail.ts';
import { type HostKey, loadHostKey } from './host-key.ts';
import { openKeyRing } from './keyring.ts';
import { openSshServer } from './ssh-server.ts';

/** The keys of the environment that are SSH's. */
export type SshConfig = Pick<
  Config,
  'HOST' | 'DATA_DIR' | 'SSH_AUTHORIZED_KEYS' | 'SSH_MAX_CONNECTIONS' | 'SSH_LOGIN_MS' | 'SSH_IDLE_MS'
>;

/** How long the bus gets to take the last records, in milliseconds. */
const LAST_RECORDS_MS = 500;

export interface OpenAdministration {
  readonly port: number;
  close(deadlineMs: number): Promise<void>;
}

/**
 * Opens the SSH port of a MAD, where a key may log in and there is a host key. What is wrong with
 * those files is logged and keeps nothing else from working.
 *
 * @throws StartError where the port cannot be opened
 */
export async function openAdministration(options: {
  readonly config: SshConfig;
  /** Of the `authorized_keys`. */
  readonly path: string;
  readonly port: number;
  readonly portKey: string;
  readonly inside: MadInside;
  readonly commands: readonly AdminCommand[];
}): Promise<OpenAdministration | { readonly whyClosed: string }> {
  const { config, path, port, portKey, inside } = options;
  const title = spokenTitle(inside.title);
  const table = createCommandTable(title, options.commands);
  const keys = openKeyRing({ path, isCommand: table.knows, log: inside.log });
  const refuse = (whyClosed: string) => {
    keys.stop();
    return { whyClosed };
  };
  if (keys.size === 0) return refuse(`${path} has no key that may log in`);
  let hostKey: HostKey;
  try {
    hostKey = loadHostKey(config.DATA_DIR, inside.id);
  } catch (error) {
    inside.log.error({ reason: (error as Error).message }, 'There is no host key for SSH');
    return refuse((error as Error).message);
  }

  const audit = createAuditTrail({ madId: inside.id, bus: inside.bus, log: inside.log });
  try {
    const server = await openSshServer({
      host: config.HOST,
      port,
      portKey,
      maxConnections: config.SSH_MAX_CONNECTIONS,
      loginMs: config.SSH_LOGIN_MS,
      idleMs: config.SSH_IDLE_MS,
      inside,
      table,
      keys,
      audit,
      hostKey: hostKey.text,
      greeting: `${title} is RUNNING. 'help' shows the commands, 'exit' leaves.\n`,
      histories: new Map(),
    });
    inside.log.info(
      { port: server.port, host: config.HOST, host_key: hostKey.fingerprint, keys: keys.size },
      `SSH server started on port ${server.port}`,
    );
    return {
      port: server.port,
      async close(deadlineMs) {
        keys.stop();
        // A client that does not go by itself must not take the time of what else is stopping.
        const late = new Promise((resolve) => setTimeout(resolve, deadlineMs).unref());
        await Promise.race([server.close(`${title} is stopping; goodbye`), late]);
        await audit.stop(LAST_RECORDS_MS);
      },
    };
  } catch (error) {
    keys.stop();
    throw error;
  }
}
