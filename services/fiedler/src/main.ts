import { createProvider } from '@mad-group/imperator';
import { createGroupPlanner, providerMetrics, runProcess } from '@mad-group/mad';
import { createFiedler } from './create-fiedler.ts';

await runProcess({
  name: 'fiedler',
  env: process.env,
  portKeys: ['FIEDLER_PORT'],
  busPolicy: 'required',
  async build(parts) {
    const metrics = providerMetrics(parts, 'fiedler');
    const provider = createProvider(parts.config, { log: parts.log, metrics });
    return {
      start: [[await createFiedler({ ...parts, provider, planner: createGroupPlanner(parts, 'fiedler') })]],
    };
  },
});
