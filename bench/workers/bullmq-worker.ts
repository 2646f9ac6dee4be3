// The peer of Fiedler: jobs of a queue call the model through the same client and publish its tokens.
import { type Job, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import OpenAI from 'openai';
import { sharedNowMs } from '../kit/monotonic.ts';
import { serveDuties } from '../kit/worker.ts';

let worker: Worker;
let failed: Error | undefined;

serveDuties({
  async start({ url, baseUrl, concurrency }: { url: string; baseUrl: string; concurrency: number }) {
    const bus = new Redis(url);
    const client = new OpenAI({ apiKey: 'none', baseURL: baseUrl, maxRetries: 0 });
    const think = async (job: Job<{ prompt: string }>): Promise<string> => {
      const stream = await client.chat.completions.create({
        model: 'stub',
        messages: [{ role: 'user', content: job.data.prompt }],
        stream: true,
      });
      const published: Promise<number>[] = [];
      let answer = '';
      for await (const part of stream) {
        const token = part.choices[0]?.delta?.content;
        if (!token) continue;
        answer += token;
        published.push(bus.publish(`stream.${job.id}`, JSON.stringify({ task: job.id, token })));
      }
      await Promise.all(published);
      return answer;
    };
    worker = new Worker('bench', think, { connection: { url, maxRetriesPerRequest: null }, concurrency });
    worker.on('failed', (_job, error) => {
      failed = error;
    });
    await worker.waitUntilReady();
  },

  /** The time when so many jobs were complete. */
  completed({ count }: { count: number }): Promise<number> {
    let seen = 0;
    return new Promise((resolve, reject) => {
      worker.on('completed', () => {
        seen += 1;
        if (failed) reject(failed);
        if (seen === count) resolve(sharedNowMs());
      });
    });
  },
});
