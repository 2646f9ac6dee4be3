import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { freePorts } from '@mad-group/bus/testing';
import { afterEach, expect, test } from 'vitest';
import { echoTool, startToy } from '../toy-mad.test-support.ts';
import { fakeIo } from './fake-io.test-support.ts';
import { runMadCli } from './mad-cli.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function verify(...args: string[]): Promise<{ code: number; out: string }> {
  const io = fakeIo();
  return { code: await runMadCli(['verify', ...args], io), out: io.out() };
}

test('a MAD that speaks MCP is named with its revision and its tools', async () => {
  const toy = await startToy({ tools: [echoTool] });
  ends.push(() => toy.stop());
  const { code, out } = await verify('--url', toy.url, '--mad', 'toy');
  expect(out).toMatch(/^ok {3}toy {2}http:\/\/\S+\/mcp {2}MCP 2026-07-28, version 1\.2\.3, 3 tools\n$/);
  expect(code).toBe(0);
});

test('one that is not there, and one that answers otherwise, end with what is wrong', async () => {
  const gone = await startToy({ tools: [echoTool] });
  await gone.stop();
  const nobody = await verify('--url', gone.url, '--mad', 'toy');
  expect(nobody.out).toMatch(/^FAIL toy {2}.*ECONNREFUSED/);
  expect(nobody.code).toBe(3);

  const page: Server = createServer((_, response) => response.end('<html>'));
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
  ends.push(() => new Promise((resolve) => page.close(resolve)));
  const { port } = page.address() as AddressInfo;
  const other = await verify('--url', `ws://127.0.0.1:${port}`, '--json');
  expect(JSON.parse(other.out)).toEqual([
    expect.objectContaining({ error: expect.stringContaining('does not speak MCP as a MAD does') }),
  ]);
  expect(other.code).toBe(3);
});

test('with a timeout it asks again until the MAD is there', async () => {
  const toy = await startToy({ tools: [echoTool] });
  ends.push(() => toy.stop());
  // The address at which nobody answers until the first question has failed.
  const [port] = (await freePorts(1)) as [number];
  const proxy = createTcpServer((socket) => {
    socket
      .pipe(connect(Number(new URL(toy.url).port), '127.0.0.1').on('error', () => socket.destroy()))
      .pipe(socket);
    socket.on('error', () => undefined);
  });
  ends.push(() => new Promise((resolve) => proxy.close(resolve)));
  const asking = verify('--url', `ws://127.0.0.1:${port}`, '--mad', 'toy', '--timeout', '20000');
  expect((await verify('--url', `ws://127.0.0.1:${port}`)).code).toBe(3);
  proxy.listen(port, '127.0.0.1');
  expect((await asking).out).toMatch(/^ok/);
});
