import type { Thinker } from '@mad-group/protocol';
import { createImperator, type ImperatorOptions } from './imperator.ts';
import { createOfflineThinker } from './offline/offline-thinker.ts';
import type { OfflineRule } from './offline/rule.ts';
import type { Provider } from './provider/provider.ts';

export interface ThinkerOptions extends Omit<ImperatorOptions, 'provider'> {
  readonly madId: string;
  /** Null where no model is configured: rules answer then. */
  readonly provider: Provider | null;
  /** What answers without a model, in this order. */
  readonly rules: readonly OfflineRule[];
}

/** The Thought Engine that the configuration allows: a model's, or rules. */
export function createThinker(options: ThinkerOptions): Thinker {
  const { provider, rules, madId, ...imperator } = options;
  if (provider !== null) return createImperator({ ...imperator, provider });
  const { triggers, planner, log } = imperator;
  return createOfflineThinker({ madId, rules, triggers, planner, log });
}
