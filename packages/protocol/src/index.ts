export {
  jointBehind,
  noticeBehind,
  PLAN_LEAD,
  PLANNING_TOOL,
  withoutPlanNotice,
} from './answer-text.ts';
export { parseIsoTime } from './calendar.ts';
export {
  type Caller,
  hasScope,
  isScope,
  LOCAL_CALLER,
  owns,
  SCOPES,
  type Scope,
} from './caller.ts';
export {
  ALL_CHANNELS,
  compilePatterns,
  directChannel,
  HEARTBEAT_CHANNEL,
  isChannel,
  isPattern,
  streamChannel,
  topicChannel,
  topicPattern,
} from './channels.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  createEnvelope,
  type Envelope,
  type EnvelopeDraft,
  EnvelopeSchema,
  type Headers,
  HeadersSchema,
  MAX_ENVELOPE_BYTES,
  UNKNOWN_SENDER,
} from './envelope.ts';
export {
  ERROR_CODES,
  type ErrorCode,
  type ErrorReply,
  isErrorCode,
  MadError,
  type MadErrorOptions,
  throwErrorReply,
  toErrorReply,
} from './errors.ts';
export { HEALTH, HEARTBEAT_INTERVAL_MS, type Heartbeat, HeartbeatSchema } from './heartbeat.ts';
export { type Logger, silentLogger } from './logger.ts';
export { DEFAULT_STORAGE_SIZE } from './mad-group/fields.ts';
export { MAD_GROUP, type MadGroup, MadGroupSchema } from './mad-group/mad-group.ts';
export { GROUP_MADS } from './mad-group/mads.ts';
export { type MadGroupSpec, MadGroupSpecSchema } from './mad-group/spec.ts';
export {
  CONDITION_TYPES,
  type MadGroupCondition,
  type MadGroupStatus,
  MadGroupStatusSchema,
} from './mad-group/status.ts';
export {
  comparePlaces,
  formatPosition,
  type Position,
  type PositionParts,
  PositionSchema,
  parsePosition,
  positionBefore,
  positionTimeMs,
} from './position.ts';
export {
  RECORDING_FORMAT,
  type RecordedTask,
  type RecordedTaskView,
  type RecordingLine,
  RecordingLineSchema,
} from './recording.ts';
export {
  CONSOLE_PAYLOAD_CHARS,
  CONSOLE_READ_PREFIX,
  type ConsoleCall,
  ConsoleCallSchema,
  type ConsoleFrame,
  type ConsoleGroup,
  type ConsoleMessage,
  type ConsoleSession,
} from './shapes/console.ts';
export {
  GapSchema,
  PollMessagesInput,
  PollMessagesOutput,
  SendMessageInput,
  SendMessageOutput,
  SubscribeInput,
  SubscribeOutput,
  UnsubscribeInput,
  UnsubscribeOutput,
} from './shapes/grace.ts';
export {
  ListToolsInput,
  ListToolsOutput,
  type MadStatus,
  MadStatusInput,
  MadStatusOutput,
} from './shapes/mad.ts';
export {
  CONNECTION_STATUSES,
  type Connection,
  ConnectionSchema,
  GetConnectionsInput,
  GetConnectionsOutput,
  GetStatsInput,
  GetStatsOutput,
  MAX_STATS_HOURS,
  MAX_STATS_ROWS,
  type Stat,
  StatSchema,
} from './shapes/rogers.ts';
export {
  PerformSequentialThinkingInput,
  PerformSequentialThinkingOutput,
} from './shapes/sequential-thinking.ts';
export {
  AskInput,
  AskOutput,
  CancelTaskOutput,
  ConverseInput,
  ConverseOutput,
  type ErrorDetails,
  ErrorDetailsSchema,
  GetTaskEventsInput,
  GetTaskEventsOutput,
  ListTasksInput,
  ListTasksOutput,
  TASK_EVENT_TYPES,
  TASK_STATUSES,
  type TaskEvent,
  TaskEventSchema,
  TaskIdInput,
  TaskSchema,
  type TaskStatus,
  TaskStatusSchema,
  type TaskView,
} from './shapes/tasks.ts';
export {
  type Plan,
  type Planner,
  PlanSchema,
  PlanStepSchema,
  type Thinker,
  type ThinkRequest,
  type Thought,
  type Turn,
} from './thought.ts';
export {
  type ClientConnection,
  defineTool,
  type PromptDefinition,
  type ResourceDefinition,
  type ToolContext,
  type ToolDefinition,
} from './tool.ts';
export {
  CorrelationId,
  flag,
  integer,
  jsonObject,
  optionalText,
  parseToolInput,
  text,
  textList,
  time,
} from './tool-input.ts';
export { mayRead, withoutInternalHeaders } from './visibility.ts';
