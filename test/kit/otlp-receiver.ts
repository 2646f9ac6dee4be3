import { globSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { ROOT, type Running, start } from './process.ts';
import { pythonWith } from './python.ts';

/** A span as a collector has it. Ids are hexadecimal; a root's parent is the empty string. */
export interface ReceivedSpan {
  readonly service: string;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly kind: 'INTERNAL' | 'SERVER' | 'CLIENT' | 'PRODUCER' | 'CONSUMER';
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly traceState: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: 'UNSET' | 'OK' | 'ERROR';
  /** Of the request that brought it. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface OtlpReceiver {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: string;
  /** Those that have come and been read. */
  spans(): ReceivedSpan[];
  /** Those that have come by now. */
  allSpans(): Promise<ReceivedSpan[]>;
  stop(): Promise<void>;
}

const FOLDER = join(ROOT, 'test/kit/otlp');
const python = (): Promise<string> => pythonWith('otlp', join(FOLDER, 'requirements.txt'));

/** Receives OTLP over HTTP, and reads it with OpenTelemetry's own definitions of the messages. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const running = start(await python(), [join(FOLDER, 'receiver.py')]);
  await until(running, async () => running.stdout().includes('\n'));
  const [port] = running.stdout().split('\n', 1);
  const endpoint = `http://127.0.0.1:${port}`;
  const lines = (): string[] => running.stdout().split('\n');
  const spans = (): ReceivedSpan[] =>
    lines()
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as ReceivedSpan);
  const marks = (): number => lines().filter((line) => line === 'all').length;
  return {
    endpoint,
    spans,
    async allSpans() {
      const before = marks();
      const headers = { 'content-type': 'application/x-protobuf' };
      await fetch(`${endpoint}/v1/traces`, { method: 'POST', headers, body: new Uint8Array() });
      await until(running, async () => marks() > before);
      return spans();
    },
    async stop() {
      await running.stop();
    },
  };
}

/**
 * The same behind a collector (Rotel), which takes the spans, reads them, and sends them on in batches of
 * its own. For a Python that it is not built for, the receiver stands alone.
 */
export async function startCollector(): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver();
  const [program] = globSync(join(await python(), '../../lib/python*/site-packages/rotel/rotel-agent'));
  if (program === undefined) return receiver;
  const [http, grpc] = (await freePorts(2)) as [number, number];
  const running = start(program, [
    'start',
    `--otlp-http-endpoint=127.0.0.1:${http}`,
    `--otlp-grpc-endpoint=127.0.0.1:${grpc}`,
    '--exporter=otlp',
    `--otlp-exporter-endpoint=${receiver.endpoint}`,
    '--otlp-exporter-protocol=http',
    '--batch-timeout=200ms',
  ]);
  await until(running, () => listens(http));
  return {
    endpoint: `http://127.0.0.1:${http}`,
    spans: receiver.spans,
    allSpans: receiver.allSpans,
    async stop() {
      await running.stop();
      await receiver.stop();
    },
  };
}

/** @throws Error with what it said, where the process ends before */
async function until(running: Running, isThere: () => Promise<boolean>): Promise<void> {
  while (!(await isThere())) {
    if (running.child.exitCode !== null)
      throw new Error(`It ended before it was there:\n${running.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
