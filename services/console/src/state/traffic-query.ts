import { type By, WINDOWS } from './history.ts';

/** What of the traffic is shown, as it stands in the address. */
export interface TrafficChoice {
  /** One of {@link WINDOWS}. */
  readonly hours: number;
  readonly by: By;
  readonly asTable: boolean;
}

const DEFAULT: TrafficChoice = { hours: 24, by: 'sender_id', asTable: false };

/** What is not known is the default. */
export function trafficFrom(query: URLSearchParams): TrafficChoice {
  return {
    hours: WINDOWS.find((hours) => String(hours) === query.get('hours')) ?? DEFAULT.hours,
    by: query.get('by') === 'topic' ? 'topic_pattern' : DEFAULT.by,
    asTable: query.get('as') === 'table',
  };
}

export function trafficQuery({ hours, by, asTable }: TrafficChoice): Record<string, string> {
  return {
    ...(hours === DEFAULT.hours ? {} : { hours: String(hours) }),
    ...(by === DEFAULT.by ? {} : { by: 'topic' }),
    ...(asTable ? { as: 'table' } : {}),
  };
}
