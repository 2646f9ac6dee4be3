import type { Bus } from '@mad-group/bus';
import { createFiedler } from '@mad-group/fiedler';
import { createGrace } from '@mad-group/grace';
import { createProvider } from '@mad-group/imperator';
import { createGroupPlanner, type ProcessParts, providerMetrics, type Running } from '@mad-group/mad';
import { createRogers } from '@mad-group/rogers';
import { createSequentialThinking } from '@mad-group/sequential-thinking';

/** All four MADs over one bus, in tiers of what needs what. */
export async function buildGroup(parts: ProcessParts<Bus>): Promise<Running> {
  const provider = (madId: string) =>
    createProvider(parts.config, {
      log: parts.log.child({ mad: madId }),
      metrics: providerMetrics(parts, madId),
    });
  const planner = (madId: string) => createGroupPlanner(parts, madId);

  const sequentialThinking = createSequentialThinking({
    ...parts,
    provider: provider('sequential-thinking'),
  });
  const grace = createGrace(parts);
  const rogers = await createRogers({ ...parts, provider: provider('rogers'), planner: planner('rogers') });
  const fiedler = await createFiedler({
    ...parts,
    provider: provider('fiedler'),
    planner: planner('fiedler'),
  });
  return {
    start: [[sequentialThinking], [rogers], [grace, fiedler]],
    // Rogers last, so that it hears the goodbyes of all others.
    stop: [[grace, fiedler], [sequentialThinking], [rogers]],
  };
}
