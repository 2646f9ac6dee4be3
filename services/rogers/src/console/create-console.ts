import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Bus } from '@mad-group/bus';
import { type BusToolClient, type PageContext, type Pages, pathOf, replyJson } from '@mad-group/mad';
import {
  type Caller,
  ConsoleCallSchema,
  type ConsoleSession,
  hasScope,
  type Logger,
  MadError,
  toErrorReply,
} from '@mad-group/protocol';
import type { TrafficStore } from '../traffic-store.ts';
import { createActions } from './actions.ts';
import { streamBus } from './bus-stream.ts';
import { openLines } from './line-writer.ts';
import { loadPageFiles, type PageFiles } from './page-files.ts';
import { createPlaces } from './places.ts';
import { readJson } from './read-json.ts';
import { messageAt, searchOf, streamFrom } from './requests.ts';
import { searchLog } from './search.ts';

export interface ConsoleOptions {
  readonly ownId: string;
  readonly version: string;
  readonly bus: Pick<Bus, 'kind' | 'read' | 'readOnce' | 'findPlace' | 'status' | 'publish'>;
  readonly others: Pick<BusToolClient, 'call'>;
  readonly store: Pick<TrafficStore, 'connections'>;
  readonly log: Logger;
  /** Told how many consoles read the bus, at each change. */
  readonly onReaders: (count: number) => void;
  /** Consoles that read the bus at one time, at most. Default 32. */
  readonly maxReaders?: number;
  /** The built page. Default: that of the workspace; null where it was not built. */
  readonly files?: PageFiles | null;
}

const PATH = '/console';
/** Searches at one time, at most: each reads the whole log. */
const MAX_SEARCHES = 8;
const NOT_BUILT =
  'The console is not built here: run `npm run build:console` once, then start Rogers again.\n';

/**
 * The console: its page, which anyone may load since it knows nothing, and below `/console/api` what
 * the page reads and does with its reader's token. Every answer is what that caller may see.
 */
export function createConsole(options: ConsoleOptions): Pages {
  const { ownId, bus, store, log, maxReaders = 32, files = loadPageFiles() } = options;
  const callTool = createActions(options);
  const readers = createPlaces(maxReaders, 'consoles read the bus', options.onReaders);
  const searches = createPlaces(MAX_SEARCHES, 'searches are under way');

  function openStream(request: IncomingMessage, response: ServerResponse, context: PageContext): void {
    const from = streamFrom(request);
    const { name } = reader(context);
    const leave = readers.take();
    const lines = openLines(request, response, context.signal);
    log.info({ caller: name }, 'Console opened');
    const done = streamBus({ bus, store, authenticate: () => reader(context), from, lines });
    void finish(done, lines.signal, context, lines.end).finally(leave);
  }

  function openSearch(request: IncomingMessage, response: ServerResponse, context: PageContext): void {
    const search = { bus, caller: reader(context), ...searchOf(request) };
    const leave = searches.take();
    const lines = openLines(request, response, context.signal);
    const done = searchLog({ ...search, lines });
    void finish(done, lines.signal, context, lines.end).finally(leave);
  }

  /** Ends a response of lines as its work ended. */
  async function finish(
    work: Promise<void>,
    signal: AbortSignal,
    context: PageContext,
    end: ReturnType<typeof openLines>['end'],
  ): Promise<void> {
    try {
      await work;
      if (context.signal.aborted) throw context.signal.reason;
      end();
    } catch (error) {
      const reply = toErrorReply(error);
      if (!signal.aborted && reply.code === 'internal') log.error({ err: error }, 'A console was cut off');
      end([{ type: 'error', code: reply.code, message: reply.message }]);
    }
  }

  async function act(
    request: IncomingMessage,
    response: ServerResponse,
    context: PageContext,
  ): Promise<void> {
    const caller = context.authenticate();
    const parsed = ConsoleCallSchema.safeParse(await readJson(request));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new MadError('invalid_input', `'${issue?.path.join('.')}' ${issue?.message}.`);
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('The client went away.')));
    replyJson(response, 200, await callTool(parsed.data, caller, context, gone.signal), NO_STORE);
  }

  const session = (caller: Caller): ConsoleSession => ({
    caller: caller.name,
    scopes: [...caller.scopes],
    version: options.version,
    now: new Date().toISOString(),
  });

  const routes: Readonly<Record<string, Route>> = {
    'GET session': (_, response, context) =>
      replyJson(response, 200, session(context.authenticate()), NO_STORE),
    'GET bus': openStream,
    'GET search': openSearch,
    'GET message': async (request, response, context) =>
      replyJson(response, 200, await messageAt(bus, request, reader(context)), NO_STORE),
    'POST call': act,
  };

  async function api(name: string, request: IncomingMessage, response: ServerResponse, context: PageContext) {
    try {
      const route = routes[`${request.method} ${name}`];
      if (route === undefined)
        throw new MadError(
          'not_found',
          `There is no such request here. There are: ${Object.keys(routes).join(', ')}.`,
        );
      await route(request, response, context);
    } catch (error) {
      if (response.headersSent) return response.destroy();
      const reply = toErrorReply(error);
      if (reply.code === 'internal') log.error({ err: error }, 'A request of the console failed');
      const status = error instanceof MadError ? error.status : 500;
      const challenge = status === 401 ? { 'www-authenticate': 'Bearer realm="mad-group"' } : {};
      replyJson(response, status, reply, { ...NO_STORE, ...challenge });
    }
  }

  function page(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      replyJson(response, 405, { status: 'error', message: 'GET only.' }, { allow: 'GET, HEAD' });
    } else if (files === null) {
      response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' }).end(NOT_BUILT);
    } else if (!files.serve(path, request, response)) {
      replyJson(response, 404, toErrorReply(new MadError('not_found', `${ownId} has no such page.`)));
    }
  }

  return {
    path: PATH,
    handle(request, response, context) {
      const path = pathOf(request).slice(PATH.length);
      // Relative, so that it holds behind a proxy's prefix too.
      if (path === '') response.writeHead(308, { location: 'console/' }).end();
      else if (path.startsWith('/api/')) void api(path.slice('/api/'.length), request, response, context);
      else page(path.slice(1), request, response);
    },
  };
}

type Route = (
  request: IncomingMessage,
  response: ServerResponse,
  context: PageContext,
) => void | Promise<void>;

const NO_STORE = { 'cache-control': 'no-store' };

/** Who reads the bus. @throws MadError `unauthenticated`, `forbidden` */
function reader(context: PageContext): Caller {
  const caller = context.authenticate();
  if (hasScope(caller, 'read')) return caller;
  const has = [...caller.scopes].join(', ') || 'none';
  throw new MadError('forbidden', `The console needs the scope 'read'; '${caller.name}' has: ${has}.`);
}
