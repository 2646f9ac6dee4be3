import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { loadPageFiles, type PageFiles } from './page-files.ts';

const HTML = `<!doctype html>${'x'.repeat(2000)}`;

function built(): PageFiles {
  const folder = mkdtempSync(join(tmpdir(), 'console-page-'));
  writeFileSync(join(folder, 'index.html'), HTML);
  writeFileSync(join(folder, 'index.html.br'), brotliCompressSync(HTML));
  writeFileSync(join(folder, 'notes.map'), 'not of the page');
  return loadPageFiles(folder) as PageFiles;
}

/** What a client gets that says nothing but these headers. */
async function ask(files: PageFiles, path: string, headers: Record<string, string> = {}) {
  const server = createServer((incoming, response) => {
    if (!files.serve((incoming.url ?? '').slice(1), incoming, response)) response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>(
    (resolve, reject) => {
      request({ port, path: `/${path}`, headers }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      })
        .on('error', reject)
        .end();
    },
  );
}

test('the page is served as the client can read it', async () => {
  const files = built();
  const plain = await ask(files, '');
  expect(plain.body.toString()).toBe(HTML);
  expect(plain.headers['content-encoding']).toBeUndefined();
  const small = await ask(files, '', { 'accept-encoding': 'gzip, br;q=0.9' });
  expect(small.headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' });
  expect(brotliDecompressSync(small.body).toString()).toBe(HTML);
});

test('nothing inline runs, nothing foreign loads, nobody frames it', async () => {
  const { headers } = await ask(built(), '');
  const policy = String(headers['content-security-policy']);
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ]) {
    expect(policy).toContain(rule);
  }
  expect(policy).not.toContain('unsafe');
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
});

test('what the client has already is not sent again', async () => {
  const files = built();
  const { etag } = (await ask(files, '')).headers;
  expect((await ask(files, '', { 'if-none-match': String(etag) })).status).toBe(304);
});

test.each(['notes.map', '../package.json', '%2e%2e/package.json', 'index.html.br', 'nothing'])(
  '%s is not to be had',
  async (path) => {
    expect((await ask(built(), path)).status).toBe(404);
  },
);

test('a folder without a page is none', () => {
  expect(loadPageFiles(join(tmpdir(), 'no-such-folder'))).toBeNull();
});
