import { takenPorts } from '../kit/free-ports.ts';

/** Ports that the page names, since its reader has these. */
export const PAGE_PORTS = {
  redis: [6379],
  mads: [8000, 8001, 8002, 8003],
  ssh: [2222, 2223],
  platform: [9464, 9465, 9466, 9467],
} as const;

/** @throws Error that names those that somebody has, since each step would fail of something else */
export async function assertFree(ports: readonly number[]): Promise<void> {
  const taken = await takenPorts(ports);
  if (taken.length === 0) return;
  throw new Error(
    `The page uses the ports ${ports.join(', ')}, and ${taken.join(', ')} are taken: \`ss -ltnp\` says by whom. Debian's redis-server takes 6379 where systemd starts it.`,
  );
}
