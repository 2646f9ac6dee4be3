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

  /** When it began, and how long each waited for its reply, in milliseconds. Replies come in order. */
  async burst({ count, window, frame }: { count: number; window: number; frame: string }) {
    const startedMs = sharedNowMs();
    const delaysMs: number[] = [];
    let sent = 0;
    const done = Promise.withResolvers<void>();
    for (const socket of sockets) {
      const sentMs: number[] = [];
      const next = (): void => {
        if (sent >= count) return;
        sent += 1;
        sentMs.push(sharedNowMs());
        socket.send(frame);
      };
      socket.on('message', (reply: Buffer) => {
        if (reply.includes('"status":"error"')) done.reject(new Error(`refused: ${reply}`));
        delaysMs.push(sharedNowMs() - Number(sentMs.shift()));
        if (delaysMs.length === count) done.resolve();
        else next();
      });
      for (let index = 0; index < window; index += 1) next();
    }
    await done.promise;
    for (const socket of sockets) socket.removeAllListeners('message');
    return { startedMs, endedMs: sharedNowMs(), delaysMs };
  },
});
