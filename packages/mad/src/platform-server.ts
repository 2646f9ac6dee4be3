import type { Logger } from '@mad-group/protocol';
import { type OpenHttpServer, openHttpServer } from './http/http-server.ts';
import { pathOf, replyJson } from './http/messages.ts';
import type { Lifecycle, Mad } from './mad-types.ts';
import type { MadMetrics } from './metrics.ts';

export interface PlatformServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly portKey: string;
  readonly mads: readonly Pick<Mad, 'id' | 'notReady'>[];
  readonly metrics: Pick<MadMetrics, 'registry'> & Partial<Pick<MadMetrics, 'set' | 'scrape'>>;
  readonly log: Logger;
}

export interface PlatformServer extends Lifecycle {
  /** The port that was really opened; 0 before `start`. */
  readonly port: number;
}

/**
 * The port for the platform: `/metrics` for Prometheus, `/livez` (the process answers) and
 * `/readyz` (every MAD in it is ready, or each one's reason why not). It carries no tools.
 */
export function createPlatformServer(options: PlatformServerOptions): PlatformServer {
  const { mads, metrics, log } = options;
  let server: OpenHttpServer | undefined;

  function readiness(): { ready: boolean; body: object } {
    const reasons = mads.map((mad) => [mad.id, mad.notReady()] as const);
    const ready = reasons.every(([, reason]) => reason === null);
    const states = Object.fromEntries(reasons.map(([id, reason]) => [id, reason ?? 'ready']));
    return { ready, body: { status: ready ? 'ready' : 'not ready', mads: states } };
  }

  return {
    get port() {
      return server?.port ?? 0;
    },
    async start() {
      server ??= await openHttpServer({
        host: options.host,
        port: options.port,
        portKey: options.portKey,
        onError: (error) => log.error({ err: error }, 'The platform port has an error'),
        onRequest(request, response) {
          const path = pathOf(request);
          if (request.method !== 'GET' && request.method !== 'HEAD') {
            replyJson(response, 405, { status: 'error', message: 'GET only.' }, { allow: 'GET, HEAD' });
          } else if (path === '/livez') {
            replyJson(response, 200, { status: 'ok' });
          } else if (path === '/readyz') {
            const { ready, body } = readiness();
            replyJson(response, ready ? 200 : 503, body);
          } else if (path === '/metrics') {
            for (const mad of mads)
              metrics.set?.('mad_ready', { mad: mad.id }, mad.notReady() === null ? 1 : 0);
            (metrics.scrape ?? (() => metrics.registry.metrics()))().then(
              (text) => {
                response.writeHead(200, { 'content-type': metrics.registry.contentType });
                response.end(text);
              },
              (error) => {
                log.error({ err: error }, 'Metrics could not be collected');
                replyJson(response, 500, { status: 'error', message: 'Metrics could not be collected.' });
              },
            );
          } else {
            replyJson(response, 404, { status: 'error', message: 'Here are /metrics, /livez and /readyz.' });
          }
        },
      });
    },
    async stop() {
      await server?.close(500);
    },
  };
}
