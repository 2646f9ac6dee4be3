export { type LoggedLine, recordingLog } from './recording-log.ts';
