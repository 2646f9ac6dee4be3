import { createProvider } from '@mad-group/imperator';
import { createGroupPlanner, providerMetrics, runProcess } from '@mad-group/mad';
import { createRogers } from './create-rogers.ts';

await runProcess({
  name: 'rogers',
  env: process.env,
  portKeys: ['ROGERS_PORT'],
  busPolicy: 'required',
  async build(parts) {
    const metrics = providerMetrics(parts, 'rogers');
    const provider = createProvider(parts.config, { log: parts.log, metrics });
    return {
      start: [[await createRogers({ ...parts, provider, planner: createGroupPlanner(parts, 'rogers') })]],
    };
  },
});
