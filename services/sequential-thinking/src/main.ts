import { createProvider } from '@mad-group/imperator';
import { providerMetrics, runProcess } from '@mad-group/mad';
import { createSequentialThinking } from './create-sequential-thinking.ts';

await runProcess({
  name: 'sequential-thinking',
  env: process.env,
  portKeys: ['SEQUENTIAL_THINKING_PORT'],
  busPolicy: 'optional',
  build(parts) {
    const metrics = providerMetrics(parts, 'sequential-thinking');
    const provider = createProvider(parts.config, { log: parts.log, metrics });
    return { start: [[createSequentialThinking({ ...parts, provider })]] };
  },
});
