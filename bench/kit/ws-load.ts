import { startWorker } from './worker.ts';

export interface Load {
  readonly sockets: number;
  /** Frames under way on each. */
  readonly window: number;
  readonly count: number;
  readonly frame: string;
}

export interface LoadResult {
  /** Of the clock that all processes share, in milliseconds. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly delaysMs: readonly number[];
}

/** Sends the frames from a process of its own, and resolves with the last reply. */
export async function loadOverWebSockets(url: string, load: Load): Promise<LoadResult> {
  const worker = startWorker('ws-load');
  try {
    await worker.ask('connect', { url, count: load.sockets });
    return await worker.ask<LoadResult>('burst', load);
  } finally {
    await worker.stop();
  }
}
