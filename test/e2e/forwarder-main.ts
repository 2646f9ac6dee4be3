// In a pod: a way to the API server that can fall silent. At SIGUSR2 what is connected stays so and
// carries nothing more, ever, and what connects is not answered; at the next one new connections are
// well again, as behind a firewall that forgot the old ones.
import { connect, createServer, type Socket } from 'node:net';

const { KUBERNETES_SERVICE_HOST = '', KUBERNETES_SERVICE_PORT = '443' } = process.env;
const upstreams = new Map<Socket, Socket>();
let isSilent = false;

createServer((client) => {
  client.on('error', () => client.destroy());
  if (isSilent) return;
  const upstream = connect(Number(KUBERNETES_SERVICE_PORT), KUBERNETES_SERVICE_HOST);
  upstreams.set(client, upstream);
  client.on('close', () => {
    upstreams.delete(client);
    upstream.destroy();
  });
  upstream.on('error', () => client.destroy());
  upstream.on('close', () => upstreams.get(client) === upstream && client.destroy());
  client.pipe(upstream).pipe(client);
}).listen(6443, () => console.log('open'));

process.on('SIGUSR2', () => {
  isSilent = !isSilent;
  console.log(isSilent ? 'silent' : 'open');
  if (!isSilent) return;
  for (const [client, upstream] of upstreams) {
    upstreams.delete(client);
    client.unpipe(upstream);
    upstream.unpipe(client);
    upstream.destroy();
    // What it still says is taken, and goes nowhere.
    client.resume();
  }
});
process.on('SIGTERM', () => process.exit(0));
