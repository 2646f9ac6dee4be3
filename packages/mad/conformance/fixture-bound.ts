export const SPEC_VERSIONS = ['2025-11-25', '2026-07-28'] as const;
export type SpecVersion = (typeof SPEC_VERSIONS)[number];

export interface FixtureBound {
  /** A scenario of the conformance suite, or `scenario:check` for one check of it. */
  readonly entry: string;
  readonly revisions: readonly SpecVersion[];
  /** The fixture that only the suite's own example server has. */
  readonly reason: string;
}

const BOTH: readonly SpecVersion[] = SPEC_VERSIONS;
const OLD: readonly SpecVersion[] = ['2025-11-25'];
const NEW: readonly SpecVersion[] = ['2026-07-28'];

const tool = (name: string): string => `calls the tool '${name}' of the suite's example server`;
const prompt = (name: string): string => `gets the prompt '${name}' of the suite's example server`;
const resource = (uri: string): string => `reads '${uri}' of the suite's example server`;

/**
 * Every scenario and check that a server can pass only with the tools, prompts and resources of the
 * conformance suite's own example server. A warning counts as a failure. Whatever else fails is a failure of ours; the suite also
 * fails where one of these passes, so that the list cannot grow old.
 */
export const FIXTURE_BOUND: readonly FixtureBound[] = [
  {
    entry: 'completion-complete',
    revisions: BOTH,
    reason: `completes an argument of the prompt 'test_prompt_with_arguments' of the suite's example server`,
  },
  { entry: 'tools-call-simple-text', revisions: BOTH, reason: tool('test_simple_text') },
  { entry: 'tools-call-image', revisions: BOTH, reason: tool('test_image_content') },
  { entry: 'tools-call-audio', revisions: BOTH, reason: tool('test_audio_content') },
  { entry: 'tools-call-embedded-resource', revisions: BOTH, reason: tool('test_embedded_resource') },
  { entry: 'tools-call-mixed-content', revisions: BOTH, reason: tool('test_multiple_content_types') },
  { entry: 'tools-call-with-logging', revisions: OLD, reason: tool('test_tool_with_logging') },
  { entry: 'tools-call-error', revisions: BOTH, reason: tool('test_error_handling') },
  { entry: 'tools-call-with-progress', revisions: BOTH, reason: tool('test_tool_with_progress') },
  { entry: 'tools-call-sampling', revisions: OLD, reason: tool('test_sampling') },
  { entry: 'tools-call-elicitation', revisions: OLD, reason: tool('test_elicitation') },
  {
    entry: 'elicitation-sep1034-defaults',
    revisions: OLD,
    reason: tool('test_elicitation_sep1034_defaults'),
  },
  { entry: 'elicitation-sep1330-enums', revisions: OLD, reason: tool('test_elicitation_sep1330_enums') },
  { entry: 'json-schema-2020-12', revisions: BOTH, reason: `looks for the tool 'json_schema_2020_12_tool'` },
  { entry: 'resources-read-text', revisions: BOTH, reason: resource('test://static-text') },
  { entry: 'resources-read-binary', revisions: BOTH, reason: resource('test://static-binary') },
  { entry: 'resources-templates-read', revisions: BOTH, reason: resource('test://template/123/data') },
  {
    entry: 'resources-subscribe',
    revisions: OLD,
    reason: `subscribes to 'test://watched-resource' of the suite's example server; in this revision subscriptions also need a session, and MADs are stateless`,
  },
  {
    entry: 'resources-unsubscribe',
    revisions: OLD,
    reason: `unsubscribes from 'test://watched-resource' of the suite's example server, as above`,
  },
  { entry: 'prompts-get-simple', revisions: BOTH, reason: prompt('test_simple_prompt') },
  { entry: 'prompts-get-with-args', revisions: BOTH, reason: prompt('test_prompt_with_arguments') },
  {
    entry: 'prompts-get-embedded-resource',
    revisions: BOTH,
    reason: prompt('test_prompt_with_embedded_resource'),
  },
  { entry: 'prompts-get-with-image', revisions: BOTH, reason: prompt('test_prompt_with_image') },
  {
    entry: 'server-stateless:sep-2575-server-rejects-undeclared-capability',
    revisions: NEW,
    reason: tool('test_missing_capability'),
  },
  {
    entry: 'server-stateless:sep-2575-missing-capability-http-400',
    revisions: NEW,
    reason: tool('test_missing_capability'),
  },
  {
    entry: 'server-stateless:sep-2575-http-server-no-independent-requests-on-stream',
    revisions: NEW,
    reason: tool('test_streaming_elicitation'),
  },
  {
    entry: 'server-stateless:sep-2575-server-no-log-without-loglevel',
    revisions: NEW,
    reason: tool('test_logging_tool'),
  },
  {
    entry: 'http-custom-header-server-validation',
    revisions: NEW,
    reason: 'needs a tool whose arguments are annotated with x-mcp-header, as the example server has',
  },
  {
    entry: 'input-required-result-basic-elicitation',
    revisions: NEW,
    reason: tool('test_input_required_result_elicitation'),
  },
  {
    entry: 'input-required-result-basic-sampling',
    revisions: NEW,
    reason: tool('test_input_required_result_sampling'),
  },
  {
    entry: 'input-required-result-basic-list-roots',
    revisions: NEW,
    reason: tool('test_input_required_result_list_roots'),
  },
  {
    entry: 'input-required-result-request-state',
    revisions: NEW,
    reason: tool('test_input_required_result_request_state'),
  },
  {
    entry: 'input-required-result-multiple-input-requests',
    revisions: NEW,
    reason: tool('test_input_required_result_multiple_inputs'),
  },
  {
    entry: 'input-required-result-multi-round',
    revisions: NEW,
    reason: tool('test_input_required_result_multi_round'),
  },
  {
    entry: 'input-required-result-non-tool-request',
    revisions: NEW,
    reason: prompt('test_input_required_result_prompt'),
  },
  {
    entry: 'input-required-result-result-type',
    revisions: NEW,
    reason: tool('test_input_required_result_elicitation'),
  },
  {
    entry: 'input-required-result-tampered-state',
    revisions: NEW,
    reason: tool('test_input_required_result_tampered_state'),
  },
  {
    entry: 'input-required-result-capability-check',
    revisions: NEW,
    reason: tool('test_input_required_result_capabilities'),
  },
  {
    entry: 'input-required-result-missing-input-response',
    revisions: NEW,
    reason: `a warning: ${tool('test_input_required_result_elicitation')}`,
  },
  {
    entry: 'input-required-result-ignore-extra-params',
    revisions: NEW,
    reason: `a warning: ${tool('test_input_required_result_elicitation')}`,
  },
  {
    entry: 'server-sse-polling',
    revisions: OLD,
    reason: `warnings: ${tool('test_reconnection')} within a session; sessions are optional in this revision, and MADs are stateless`,
  },
  {
    entry: 'server-sse-multiple-streams:server-sse-multiple-streams-session',
    revisions: OLD,
    reason: `a warning: the suite's example server gives a session id, which is optional in this revision; MADs are stateless`,
  },
];
