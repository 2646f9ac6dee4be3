import type { PromptDefinition } from '@mad-group/protocol';
import { z } from 'zod';

/** A prompt that every MAD has. */
export const checkStatusPrompt = (title: string): PromptDefinition => ({
  name: 'check_status',
  title: 'Check status',
  description: `Look at the state of ${title} and say what needs attention.`,
  arguments: z.object({
    detail: z
      .enum(['brief', 'full'], { error: 'must be brief or full' })
      .optional()
      .describe('brief or full'),
  }),
  render: ({ detail }) =>
    [
      `Call mad_get_status of ${title}.`,
      'Say whether it is healthy, whether the bus, the database and Sequential Thinking are there,',
      'and name what needs attention.',
      detail === 'full' ? 'Show every field.' : 'Answer in at most three sentences.',
    ].join(' '),
});
