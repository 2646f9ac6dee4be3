import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import { StackingMode, VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Timeseries } from '@grafana/grafana-foundation-sdk/timeseries';

/** PromQL with the legend of each of its series. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

export interface PanelDraft {
  readonly title: string;
  /** As Grafana names units: https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options */
  readonly unit: 's' | 'bytes' | 'short' | 'ops' | 'percentunit';
  readonly description?: string;
  readonly queries: readonly Query[];
  /** The series are parts of a whole. */
  readonly stacked?: boolean;
}

/** Of 24 columns. */
const WIDTH = 6;
const HEIGHT = 7;

const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

export function panel({ title, unit, description, queries, stacked = false }: PanelDraft): Builder<Panel> {
  const builder = new Timeseries()
    .title(title)
    .unit(unit)
    .min(0)
    .datasource(DATASOURCE)
    .span(WIDTH)
    .height(HEIGHT)
    .lineWidth(1)
    .fillOpacity(stacked ? 30 : 0)
    .showPoints(VisibilityMode.Never)
    .legend(new common.VizLegendOptionsBuilder().showLegend(true).displayMode(common.LegendDisplayMode.List))
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi));
  if (description) builder.description(description);
  if (stacked) builder.stacking(new common.StackingConfigBuilder().mode(StackingMode.Normal));
  for (const [index, { expr, legend }] of queries.entries()) {
    const query = new DataqueryBuilder().expr(expr).legendFormat(legend).range();
    builder.withTarget(query.refId(String.fromCharCode(65 + index)).datasource(DATASOURCE));
  }
  return builder;
}

/** The metrics of the namespace that is chosen, where Prometheus knows namespaces. */
export const of = (metric: string, ...matchers: string[]): string =>
  `${metric}{${[...matchers, 'namespace=~"$namespace"'].join(',')}}`;

const rate = (selector: string): string => `rate(${selector}[$__rate_interval])`;

/** So many per second, by these labels. */
export const perSecond = (metric: string, by: readonly string[], ...matchers: string[]): string =>
  `sum by (${by.join(', ')}) (${rate(of(metric, ...matchers))})`;

/** Median and worst hundredth of a histogram, the series of each named by these labels. */
export const quantiles = (metric: string, by: readonly string[], ...matchers: string[]): Query[] =>
  [0.5, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (${['le', ...by].join(', ')}) (${rate(of(`${metric}_bucket`, ...matchers))}))`,
    legend: [...by.map((label) => `{{${label}}}`), `p${quantile * 100}`].join(' '),
  }));

/** One query whose series are named by its labels. */
export const by = (labels: readonly string[], expr: string): Query[] => [
  { expr, legend: labels.map((label) => `{{${label}}}`).join(' ') },
];
