import type { Bus } from '@mad-group/bus';
import { createPlanMaker, type Provider, providerFacts } from '@mad-group/imperator';
import { createMad, type Mad, madBase, measured, type ProcessParts } from '@mad-group/mad';
import packageJson from '../package.json' with { type: 'json' };
import { performSequentialThinking } from './tools/perform-sequential-thinking.ts';

const ID = 'sequential-thinking';

export interface SequentialThinkingOptions extends ProcessParts<Bus | null> {
  /** Null where no model is configured: plans come from the words of the prompt then. */
  readonly provider: Provider | null;
}

/** Sequential Thinking: a prompt in, a plan out. It keeps no state, so that any number of it can run. */
export function createSequentialThinking(options: SequentialThinkingOptions): Mad {
  const { config, provider } = options;
  const planner = createPlanMaker({
    provider,
    timeoutMs: config.SEQUENTIAL_THINKING_TIMEOUT_MS,
    log: options.log.child({ mad: ID }),
  });
  return createMad({
    ...madBase(measured(options, ID)),
    id: ID,
    title: 'SequentialThinking',
    version: packageJson.version,
    port: config.SEQUENTIAL_THINKING_PORT,
    portKey: 'SEQUENTIAL_THINKING_PORT',
    tools: [performSequentialThinking(planner)],
    status: () => providerFacts(provider),
  });
}
