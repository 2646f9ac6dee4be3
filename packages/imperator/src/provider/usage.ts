/** Tokens of one answer, as the provider counts and charges for them. */
export interface Usage {
  /** Without those that the provider had already. */
  readonly input: number;
  readonly cachedInput: number;
  /** What the model thought included. */
  readonly output: number;
}

interface UsageField {
  readonly prompt_tokens?: number | null;
  readonly completion_tokens?: number | null;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number | null } | null;
}

/** From the field `usage` of Chat Completions; undefined where it tells nothing, as in most chunks. */
export function toUsage(field: UsageField | null | undefined): Usage | undefined {
  const { prompt_tokens: prompt, completion_tokens: output } = field ?? {};
  if (!isCount(prompt) || !isCount(output)) return undefined;
  const cached = field?.prompt_tokens_details?.cached_tokens;
  const cachedInput = isCount(cached) ? Math.min(cached, prompt) : 0;
  return { input: prompt - cachedInput, cachedInput, output };
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
