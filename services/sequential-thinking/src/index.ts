export { createSequentialThinking, type SequentialThinkingOptions } from './create-sequential-thinking.ts';
