import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the build of `services/console` leaves. */
const FOLDER = join(fileURLToPath(import.meta.resolve('@mad-group/console/package.json')), '..', 'dist');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** Endings that the build gives to what it has compressed, best first. */
const ENCODINGS = [
  { ending: '.br', name: 'br' },
  { ending: '.gz', name: 'gzip' },
] as const;

/**
 * The page runs its own scripts and styles and talks to its own server, and nothing else: no inline
 * code, no markup made from text (Trusted Types), in nobody's frame.
 */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

interface PageFile {
  readonly type: string;
  readonly etag: string;
  /** By the name of its encoding; `identity` is there always. */
  readonly bodies: ReadonlyMap<string, Buffer>;
  /** Its name changes with its content. */
  readonly immutable: boolean;
}

export interface PageFiles {
  /** Serves a file by its path below the page, '' for the page itself; false where there is none. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean;
}

/** Reads the built page into memory, once: nothing else can be asked for. Null where it was not built. */
export function loadPageFiles(folder = FOLDER): PageFiles | null {
  const files = new Map<string, PageFile>();
  for (const name of listFiles(folder)) {
    const type = TYPES[extname(name)];
    if (type !== undefined) files.set(name, readPageFile(folder, name, type));
  }
  const page = files.get('index.html');
  if (page === undefined) return null;
  files.set('', page);

  return {
    serve(path, request, response) {
      const file = files.get(path);
      if (file === undefined) return false;
      const headers = {
        ...PAGE_HEADERS,
        'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
        etag: file.etag,
        vary: 'accept-encoding',
      };
      if (request.headers['if-none-match'] === file.etag) {
        response.writeHead(304, headers).end();
        return true;
      }
      const { encoding, body } = choose(file, String(request.headers['accept-encoding'] ?? ''));
      response.writeHead(200, {
        ...headers,
        'content-type': file.type,
        'content-length': String(body.length),
        ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
      });
      response.end(request.method === 'HEAD' ? undefined : body);
      return true;
    },
  };
}

function choose(file: PageFile, accepted: string): { encoding: string; body: Buffer } {
  const names = accepted.split(',').map((part) => part.split(';', 1)[0]?.trim());
  for (const { name } of ENCODINGS) {
    const body = file.bodies.get(name);
    if (body !== undefined && names.includes(name)) return { encoding: name, body };
  }
  return { encoding: 'identity', body: file.bodies.get('identity') as Buffer };
}

function readPageFile(folder: string, name: string, type: string): PageFile {
  const plain = readFileSync(join(folder, name));
  const bodies = new Map([['identity', plain]]);
  for (const { ending, name: encoding } of ENCODINGS) {
    try {
      bodies.set(encoding, readFileSync(join(folder, name + ending)));
    } catch {
      // The build compresses only what gets smaller by it.
    }
  }
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return { type, etag, bodies, immutable: name.startsWith('assets/') };
}

/** Paths of all files below the folder, with `/`; none where there is no such folder. */
function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
