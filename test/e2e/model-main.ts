// A model server for a pod: streams a known answer slowly. Runs in the image of a MAD.
import { startStreamingStub } from '../kit/streaming-stub.ts';
import { answerTo, TOKEN_MS } from './answers.ts';

const stub = await startStreamingStub((prompt) => ({ tokens: answerTo(prompt), delayMs: TOKEN_MS }), {
  host: '0.0.0.0',
  port: 8080,
});
console.log(`Listening at ${stub.baseUrl}`);
process.on('SIGTERM', () => process.exit(0));
