// Puts jobs into the queue.
import { Queue } from 'bullmq';
import { sharedNowMs } from '../kit/monotonic.ts';
import { serveDuties } from '../kit/worker.ts';

const BULK = 100;

serveDuties({
  /** The time when the first was put in. */
  async add({ url, count }: { url: string; count: number }): Promise<number> {
    const queue = new Queue('bench', { connection: { url } });
    await queue.waitUntilReady();
    const startedMs = sharedNowMs();
    for (let added = 0; added < count; added += BULK) {
      const jobs = Array.from({ length: Math.min(BULK, count - added) }, () => ({
        name: 'converse',
        data: { prompt: 'What is the state of the release?' },
      }));
      await queue.addBulk(jobs);
    }
    await queue.close();
    return startedMs;
  },
});
