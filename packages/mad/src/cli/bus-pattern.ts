import { isPattern } from '@mad-group/protocol';
import { forTerminal, UsageError } from './io.ts';

/** @throws UsageError where no message can ever be on what it names */
export function assertPattern(pattern: string): void {
  if (isPattern(pattern)) return;
  throw new UsageError(
    `'${forTerminal(pattern)}' is no pattern of the bus: those are channels (mad.topic.audit), beginnings (mad.stream.*), and mad.# for all.`,
  );
}
