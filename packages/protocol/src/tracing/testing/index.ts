export { type RecordedSpan, type RecordedSpans, recordSpans } from './record-spans.ts';
