import { createOpenAiProvider } from '@mad-group/imperator';
import { silentLogger } from '@mad-group/protocol';
import { realModel } from './real-model.ts';
await using real = await realModel(process.env);
const provider = createOpenAiProvider({ ...real, log: silentLogger, timeoutMs: 120_000 });
const item = { type: 'object', properties: { step_number: {type:'integer'}, title: {type:'string'}, description: {type:'string'} }, required: ['step_number','title','description'], additionalProperties: false };
const schema = { type:'object', properties: { plan: { type:'array', items: item } }, required:['plan'], additionalProperties:false };
const A = `You plan. You take a request and break it down into steps that someone else will carry out.
Answer with one JSON object and nothing else, no explanations and no Markdown:
{"plan": [{"step_number": 1, "title": "a few words", "description": "what is done in this step, in one or two sentences"}]}
Number the steps from 1 without gaps. Use three to ten steps. No title and no description is empty.`;
const B = `You make plans. Answer with JSON only: {"plan": [{"step_number": 1, "title": "a few words", "description": "one short sentence"}, {"step_number": 2, ...}]}
Three to ten steps, numbered from 1. Titles and descriptions are short.`;
for (const [n, system] of [['A',A],['B',B]] as const) for (const prompt of ['Plan the steps to bake bread.','Design a workflow for code review.','Plan the steps to make tea.']) {
  const t = performance.now();
  const text = await provider.completeJson({ system, prompt, schema: { name: 'plan', schema }, signal: AbortSignal.timeout(200000), correlationId: 'c', maxTokens: 400 });
  console.log(n, prompt, Math.round(performance.now()-t), text.slice(0, 500).replace(/\s+/g,' '), '…', text.slice(-60));
}
