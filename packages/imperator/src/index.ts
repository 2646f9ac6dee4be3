export { ContextFileError, loadContext } from './context-file.ts';
export { createThinker, type ThinkerOptions } from './create-thinker.ts';
export { createImperator, type ImperatorOptions } from './imperator.ts';
export {
  type ImperatorTool,
  type ImperatorToolContext,
  type LendOptions,
  lendTool,
} from './imperator-tool.ts';
export { createOfflineThinker, type OfflineThinkerOptions } from './offline/offline-thinker.ts';
export { redirectToRogers } from './offline/redirect-rule.ts';
export type { RogersFacts } from './offline/rogers-facts.ts';
export { rogersRules } from './offline/rogers-rules.ts';
export type { OfflineContext, OfflineRule } from './offline/rule.ts';
export { taskRules } from './offline/task-rules.ts';
export type { TaskFacts } from './offline/task-search.ts';
export { createPlanMaker, type PlanMakerOptions } from './plan-maker.ts';
export type { CircuitName, CircuitStatus } from './provider/circuit.ts';
export {
  createProvider,
  HOW_TO_SET_A_MODEL,
  OFFLINE_PROVIDER_NAME,
  type ProviderConfig,
} from './provider/create-provider.ts';
export type { ProviderMetrics } from './provider/measure-provider.ts';
export { createOpenAiProvider, type OpenAiProviderOptions } from './provider/openai-provider.ts';
export type {
  ChatMessage,
  JsonRequest,
  Provider,
  ProviderEvent,
  StreamRequest,
  ToolCall,
  ToolSpec,
} from './provider/provider.ts';
export { providerFacts } from './provider/provider-facts.ts';
export type { RetryPolicy } from './provider/retry.ts';
export type { Usage } from './provider/usage.ts';
export { FIEDLER_TRIGGERS, ROGERS_TRIGGERS } from './triggers.ts';
