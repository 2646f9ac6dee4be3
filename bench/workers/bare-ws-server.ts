// The limit of a gateway: parses each frame, runs the bare script for it, and answers.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { BARE_LOG, connectBare } from '../kit/bare-script.ts';
import { serveDuties } from '../kit/worker.ts';

interface Frame {
  readonly tool_input: { readonly channel: string; readonly payload: object };
}

serveDuties({
  async listen({ url }: { url: string }): Promise<number> {
    const redis = connectBare(url, { enableAutoPipelining: true });
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
    server.on('connection', (socket) => {
      socket.on('message', async (data: Buffer) => {
        const { tool_input: input } = JSON.parse(data.toString()) as Frame;
        await redis.bare(BARE_LOG, input.channel, JSON.stringify(input));
        socket.send('{"status":"success"}');
      });
    });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
});
