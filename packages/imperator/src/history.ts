import type { Turn } from '@mad-group/protocol';
import { estimateTokenCount } from 'tokenx';
import type { ChatMessage } from './provider/provider.ts';

/** A text with more characters than this for each token left does not fit; no need to count it. */
const MAX_CHARACTERS_PER_TOKEN = 20;
/** What the frame of a message costs beside its text, in tokens. */
const TOKENS_PER_MESSAGE = 4;

/**
 * The newest turns that fit the budget, oldest first, without a hole between them. Tokens are
 * estimated: every model counts its own way, and a budget needs no more.
 */
export function recentHistory(turns: readonly Turn[], budgetTokens: number): Turn[] {
  let left = budgetTokens;
  let first = turns.length;
  while (first > 0) {
    const turn = turns[first - 1] as Turn;
    if (turn.prompt.length + turn.response.length > left * MAX_CHARACTERS_PER_TOKEN) break;
    left -= estimateTokenCount(turn.prompt) + estimateTokenCount(turn.response) + 2 * TOKENS_PER_MESSAGE;
    if (left < 0) break;
    first -= 1;
  }
  return turns.slice(first);
}

export const toMessages = (turns: readonly Turn[]): ChatMessage[] =>
  turns.flatMap((turn) => [
    { role: 'user' as const, content: turn.prompt },
    { role: 'assistant' as const, content: turn.response },
  ]);
