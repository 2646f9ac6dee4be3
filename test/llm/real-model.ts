import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A script that serves a small model: `up PORT`. It is no part of this project. */
const LOCAL_SERVER = join(import.meta.dirname, '../../../shared/llm/up');

/** The first run of the script installs the model, in milliseconds. */
const START_TIMEOUT_MS = 280_000;

export interface RealModel extends AsyncDisposable {
  readonly baseUrl: string;
  readonly model: string;
  readonly apiKey: string | undefined;
}

/**
 * A real model behind an OpenAI-compatible server: the one that `LLM_BASE_URL` (with `LLM_MODEL`
 * and `LLM_API_KEY`) names, or the local script where it is there.
 *
 * @throws Error that says what to set
 */
export async function realModel(env: NodeJS.ProcessEnv): Promise<RealModel> {
  const apiKey = env.LLM_API_KEY || undefined;
  if (env.LLM_BASE_URL) {
    const model = env.LLM_MODEL ?? (await firstModel(env.LLM_BASE_URL, apiKey));
    return { baseUrl: env.LLM_BASE_URL, model, apiKey, async [Symbol.asyncDispose]() {} };
  }
  if (!existsSync(LOCAL_SERVER)) {
    throw new Error(
      'These tests talk to a real model. Set LLM_BASE_URL=http://HOST:PORT/v1 to any OpenAI-compatible server ' +
        '(Ollama: http://127.0.0.1:11434/v1), LLM_MODEL to a model it has, and LLM_API_KEY where it wants one.',
    );
  }
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}/v1`;
  const server = spawn(LOCAL_SERVER, [String(port)], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    return {
      baseUrl,
      model: await untilReady(baseUrl, server),
      apiKey: undefined,
      [Symbol.asyncDispose]: () => end(server),
    };
  } catch (error) {
    await end(server);
    throw error;
  }
}

async function untilReady(baseUrl: string, server: ChildProcess): Promise<string> {
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      return await firstModel(baseUrl, undefined);
    } catch (error) {
      if (server.exitCode !== null)
        throw new Error(`The model server ended with ${server.exitCode}.`, { cause: error });
      if (Date.now() > deadlineMs)
        throw new Error('The model server did not start in time.', { cause: error });
      await sleep(500);
    }
  }
}

async function firstModel(baseUrl: string, apiKey: string | undefined): Promise<string> {
  const response = await fetch(`${baseUrl}/models`, {
    headers: { authorization: `Bearer ${apiKey ?? 'none'}` },
  });
  const { data } = (await response.json()) as { data: { id: string }[] };
  const [first] = data;
  if (!first) throw new Error(`${baseUrl} lists no model: set LLM_MODEL.`);
  return first.id;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill('SIGTERM');
  await once(server, 'exit');
}
