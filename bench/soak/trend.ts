/** What was seen at one moment: seconds since the beginning, and a value for each thing that is watched. */
export interface Sample {
  readonly atS: number;
  readonly values: Readonly<Record<string, number>>;
}

/** What a watched thing may do. */
export interface Limit {
  /** Growth in its own unit an hour, by least squares over the samples after the warm-up. */
  readonly slopePerHour?: number;
  /** Largest value at any time. */
  readonly max?: number;
}

export interface Trend {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly max: number;
  readonly slopePerHour: number;
  readonly limit: Limit;
  readonly ok: boolean;
}

/** Slope of the line that fits best (least squares), in units a second; 0 for fewer than two points. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const count = points.length;
  if (count < 2) return 0;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const below = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return below === 0 ? 0 : above / below;
}

/** How each limited thing developed; slopes are of what came after `fromS`. */
export function trends(
  samples: readonly Sample[],
  limits: Readonly<Record<string, Limit>>,
  fromS: number,
): Trend[] {
  return Object.entries(limits).map(([name, limit]) => {
    const points = samples.flatMap(({ atS, values }) => {
      const value = values[name];
      return value === undefined ? [] : [[atS, value] as const];
    });
    const settled = points.filter(([atS]) => atS >= fromS);
    const slopePerHour = slope(settled) * 3600;
    const max = Math.max(...points.map(([, value]) => value));
    const ok =
      settled.length > 1 &&
      (limit.slopePerHour === undefined || slopePerHour <= limit.slopePerHour) &&
      (limit.max === undefined || max <= limit.max);
    const first = settled[0]?.[1] ?? Number.NaN;
    return { name, first, last: settled.at(-1)?.[1] ?? Number.NaN, max, slopePerHour, limit, ok };
  });
}
