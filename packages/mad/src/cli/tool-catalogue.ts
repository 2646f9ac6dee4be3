import { ListToolsOutput } from '@mad-group/protocol';
import type { z } from 'zod';
import type { ToolClient } from '../client/tool-client.ts';

export type ToolEntry = z.output<typeof ListToolsOutput>['tools'][number];

/**
 * The tools of a MAD, by its own word.
 *
 * @throws MadError
 */
export async function fetchTools(
  client: ToolClient,
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<ToolEntry[]> {
  const reply = await client.callOrThrow('mad_list_tools', {}, options);
  return ListToolsOutput.parse(reply).tools;
}

/** The first sentence, or what of it fits into `width` characters. */
export function firstSentence(description: string, width = Number.POSITIVE_INFINITY): string {
  const flat = description.replaceAll(/\s+/g, ' ').trim();
  const sentence = /^.*?[.!?](?=\s|$)/.exec(flat)?.[0] ?? flat;
  return sentence.length > width ? `${sentence.slice(0, Math.max(0, width - 1))}…` : sentence;
}
