import { existsSync } from 'node:fs';
import type { FurtherSurface, MadInside } from '@mad-group/mad';
import { type AdminCommand, busTailCommand, statusCommand } from '@mad-group/mad/admin';
import type { OpenAdministration, SshConfig } from './open-administration.ts';

export interface SshAdminOptions {
  readonly config: SshConfig;
  /** 0 takes a free one. */
  readonly port: number;
  /** Named in the message when the port is in use. */
  readonly portKey: string;
  /** What this MAD has beside `mad-status`, `bus-tail`, `help` and `exit`. */
  readonly commands: readonly AdminCommand[];
}

/**
 * The administration of a MAD over SSH. Where no key may log in there is no port, and none of what
 * speaks SSH is loaded.
 */
export const sshAdmin =
  (options: SshAdminOptions) =>
  (inside: MadInside): FurtherSurface => {
    const { config, port, portKey } = options;
    const path = config.SSH_AUTHORIZED_KEYS;
    let opened: OpenAdministration | null = null;
    let whyClosed = 'it has not started';

    return {
      name: 'ssh',
      get port() {
        return opened?.port ?? null;
      },
      get whyClosed() {
        return opened ? '' : whyClosed;
      },
      async start() {
        if (path === undefined) whyClosed = 'SSH_AUTHORIZED_KEYS is not set';
        else if (!existsSync(path)) whyClosed = `there is no file ${path}`;
        else {
          const { openAdministration } = await import('./open-administration.ts');
          const own = [
            statusCommand,
            ...options.commands,
            ...(inside.bus ? [busTailCommand(inside.bus)] : []),
          ];
          const result = await openAdministration({ config, path, port, portKey, inside, commands: own });
          if ('whyClosed' in result) whyClosed = result.whyClosed;
          else opened = result;
        }
        if (!opened) inside.log.info({ reason: whyClosed }, `No SSH port: ${whyClosed}`);
      },
      async stop({ deadlineMs } = { deadlineMs: 1000 }) {
        await opened?.close(deadlineMs);
        opened = null;
        whyClosed = 'it is stopping';
      },
    };
  };
