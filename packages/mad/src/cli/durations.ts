/** A duration in words of one or two units: `0.4 s`, `3 min 20 s`, `2 d 4 h`. */
export function durationWords(durationMs: number): string {
  const seconds = durationMs / 1000;
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return pair(seconds, 60, 'min', 's');
  if (seconds < 86_400) return pair(seconds / 60, 60, 'h', 'min');
  return pair(seconds / 3600, 24, 'd', 'h');
}

function pair(smallUnits: number, size: number, large: string, small: string): string {
  const whole = Math.floor(smallUnits);
  const rest = whole % size;
  return rest === 0
    ? `${Math.floor(whole / size)} ${large}`
    : `${Math.floor(whole / size)} ${large} ${rest} ${small}`;
}
