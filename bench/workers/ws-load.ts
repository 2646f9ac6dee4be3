// Sends frames over WebSockets, so many under way on each, and waits for a reply to each.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { sharedNowMs } from '../kit/monotonic.ts';
import { serveDuties } from '../kit/worker.ts';

let sockets: WebSocket[];

serveDuties({
  async connect({ url, count }: { url: string; count: number }) {
    sockets = Array.from({ length: count }, () => new WebSocket(url, { perMessageDeflate: false }));
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
  },

  /** The seconds that it took until the last reply. */
  async burst({ count, window, frame }: { count: number; window: number; frame: string }): Promise<number> {
    const startedMs = sharedNowMs();
    let sent = 0;
    let answered = 0;
    const done = Promise.withResolvers<void>();
    for (const socket of sockets) {
      const next = (): void => {
        if (sent >= count) return;
        sent += 1;
        socket.send(frame);
      };
      socket.on('message', (reply: Buffer) => {
        if (!reply.includes('"status":"success"')) done.reject(new Error(`refused: ${reply}`));
        answered += 1;
        if (answered === count) done.resolve();
        else next();
      });
      for (let index = 0; index < window; index += 1) next();
    }
    await done.promise;
    for (const socket of sockets) socket.removeAllListeners('message');
    return (sharedNowMs() - startedMs) / 1000;
  },
});
