/** Phrases that send a prompt to Sequential Thinking first: those of the first generation. */
export const FIEDLER_TRIGGERS = [
  'design a workflow',
  'plan the steps',
  'outline a process',
  'think step-by-step',
] as const;

export const ROGERS_TRIGGERS = ['find anomalies', 'correlate', 'predict', 'diagnose'] as const;

/** The first of the phrases that stands in the prompt, whatever its case; undefined where none does. */
export function findTrigger(prompt: string, triggers: readonly string[]): string | undefined {
  const lower = prompt.toLowerCase();
  return triggers.find((trigger) => lower.includes(trigger.toLowerCase()));
}
