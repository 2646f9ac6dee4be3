export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^(?<name>\w+)(?:\{(?<labels>.*)\})? (?<value>\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** What a MAD's platform port shows to Prometheus. */
export async function readMetrics(url: string): Promise<Sample[]> {
  // A connection of its own: one that was kept may be closed by the other side in this very moment.
  const response = await fetch(url, { headers: { connection: 'close' } });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const samples: Sample[] = [];
  for (const line of (await response.text()).split('\n')) {
    const { name, labels = '', value } = LINE.exec(line)?.groups ?? {};
    if (name === undefined || value === undefined) continue;
    const pairs = [...labels.matchAll(LABEL)].map(([, key = '', text = '']) => [key, text]);
    samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return samples;
}

/** The sum of a metric over all labels that these are part of; 0 where there is none. */
export const sumOf = (
  samples: readonly Sample[],
  name: string,
  labels: Record<string, string> = {},
): number =>
  samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, text]) => sample.labels[key] === text))
    .reduce((sum, { value }) => sum + value, 0);
