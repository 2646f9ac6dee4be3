import type { PromptDefinition } from '@mad-group/protocol';
import { z } from 'zod';

const subject = (words: string): z.ZodObject => z.object({ subject: z.string().describe(words) });

/** One prompt for each phrase that sends a question to Sequential Thinking first. */
export const PROMPTS: readonly PromptDefinition[] = [
  {
    name: 'design_workflow',
    title: 'Design a workflow',
    description: 'A workflow with its steps, who does each, and what it needs.',
    arguments: subject('what the workflow is for'),
    render: ({ subject = '' }) => `Design a workflow for ${subject}.`,
  },
  {
    name: 'plan_steps',
    title: 'Plan the steps',
    description: 'The steps that lead to a goal, in order.',
    arguments: subject('the goal'),
    render: ({ subject = '' }) => `Plan the steps to achieve ${subject}.`,
  },
  {
    name: 'outline_process',
    title: 'Outline a process',
    description: 'A process from its beginning to its end, without the details.',
    arguments: subject('what the process does'),
    render: ({ subject = '' }) => `Outline a process for ${subject}.`,
  },
  {
    name: 'think_step_by_step',
    title: 'Think step by step',
    description: 'Reasoning about how to do something, one step after another.',
    arguments: subject('what is to be done'),
    render: ({ subject = '' }) => `Think step-by-step about how to ${subject}.`,
  },
];
