import { useEffect, useState } from 'preact/hooks';
import type { Hourly } from '../state/history.ts';
import { Loading, Problem } from './messages.tsx';

type ChartModule = typeof import('./chart.tsx');
let loaded: Promise<ChartModule> | undefined;

/** The chart's code comes when a chart is looked at: the page opens without it. */
export function LazyChart({ hourly }: { hourly: Hourly }) {
  const [chart, setChart] = useState<ChartModule | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    loaded ??= import('./chart.tsx');
    loaded.then(setChart, () => {
      loaded = undefined;
      setFailed(true);
    });
  }, []);
  if (failed) return <Problem words="The chart could not be loaded. The table has the same numbers." />;
  return chart === null ? <Loading what="Drawing" /> : <chart.Chart hourly={hourly} />;
}
