import { z } from 'zod';
import { egress, matching, secretRef } from './fields.ts';

/** The model of every MAD that thinks. */
export const LlmSchema = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .max(253)
      .exactOptional()
      .describe('Model name, as the provider knows it; `gpt-4o-mini` where absent.'),
    baseUrl: matching(
      /^https?:\/\/[^\s/]+(\/\S*)?$/,
      2048,
      'must be the URL of an OpenAI-compatible server, with its scheme: write http://ollama:11434/v1, say',
    )
      .exactOptional()
      .describe('Any OpenAI-compatible server. Without it and without a key, rules answer and say so.'),
    apiKeySecretRef: secretRef('api-key').exactOptional().describe('Where the provider’s key is.'),
    egress: egress('the provider').describe('Where the NetworkPolicies let the model’s traffic go.'),
  })
  .describe('The model. With nothing here the group is offline: rules answer.');
