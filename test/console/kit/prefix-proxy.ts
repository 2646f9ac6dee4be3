import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What an Ingress with a path does: passes what is below `prefix` on to the target, without it.
 * Answers are passed on as they come.
 */
export async function startPrefixProxy(
  prefix: string,
  targetPort: number,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    if (!incoming.url?.startsWith(`${prefix}/`)) {
      outgoing.writeHead(404).end('not below the prefix');
      return;
    }
    const { method, headers } = incoming;
    const path = incoming.url.slice(prefix.length);
    const passed = request({ host: '127.0.0.1', port: targetPort, path, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    outgoing.on('close', () => passed.destroy());
    incoming.pipe(passed);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
