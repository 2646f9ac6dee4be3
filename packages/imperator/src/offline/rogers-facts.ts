import type { Clock, Connection, Stat } from '@mad-group/protocol';

/** What the rules read of Rogers' state. */
export interface RogersFacts {
  connections(): Promise<readonly Connection[]> | readonly Connection[];
  /** Totals of the last so many clock hours, this one included. */
  stats(hours: number): Promise<readonly Stat[]> | readonly Stat[];
  /** Whether Rogers itself is connected to the bus. */
  busConnected(): boolean;
  readonly clock: Clock;
}
