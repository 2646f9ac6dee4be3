import type { PromptDefinition } from '@mad-group/protocol';
import { z } from 'zod';

const hours = z.string().optional().describe('how many hours to look back; 24 where absent');
const lookBack = (values: Readonly<Record<string, string>>): string =>
  `the last ${values.hours || '24'} hours`;

/** One prompt for each phrase that sends a question to Sequential Thinking first. */
export const PROMPTS: readonly PromptDefinition[] = [
  {
    name: 'find_anomalies',
    title: 'Find anomalies in traffic patterns',
    description: 'Which senders or topics behave unlike themselves.',
    arguments: z.object({ hours }),
    render: (values) =>
      `Find anomalies in traffic patterns over ${lookBack(values)}: senders or topics whose volume left its usual range, and senders that appeared or fell silent.`,
  },
  {
    name: 'correlate_connections_with_volume',
    title: 'Correlate connection events with message volume',
    description: 'Whether message volume moved when MADs came, fell silent or left.',
    arguments: z.object({ hours }),
    render: (values) =>
      `Correlate connection events with message volume over ${lookBack(values)}: which change of a MAD’s status goes with a rise or a fall of messages, and whose.`,
  },
  {
    name: 'predict_load',
    title: 'Predict future load',
    description: 'What the next hours will bring, from the hours before.',
    arguments: z.object({ hours }),
    render: (values) =>
      `Predict future load based on ${lookBack(values)}: messages per hour by sender, with the reasoning and how sure it is.`,
  },
  {
    name: 'diagnose_problem',
    title: 'Diagnose a problem',
    description: 'What lies behind symptoms that were seen in the group.',
    arguments: z.object({ symptoms: z.string().describe('what was seen, in a sentence or two') }),
    render: ({ symptoms = '' }) =>
      `Diagnose a complex, multi-symptom problem. The symptoms: ${symptoms}\nUse the state of the connections and the message statistics, and say what speaks for each cause.`,
  },
];
