import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { busRow } from './bus-row.ts';
import { graceOwn, madRow, rogersOwn } from './mad-rows.ts';
import { type PanelDraft, panel } from './panels.ts';

const ROWS: readonly (readonly [title: string, panels: readonly PanelDraft[]])[] = [
  ['Bus', busRow()],
  ['Grace', madRow({ mad: 'grace', tasks: false, model: false, own: graceOwn() })],
  ['Rogers', madRow({ mad: 'rogers', tasks: true, model: true, own: rogersOwn() })],
  ['Fiedler', madRow({ mad: 'fiedler', tasks: true, model: true, own: [] })],
  ['Sequential Thinking', madRow({ mad: 'sequential-thinking', tasks: false, model: true, own: [] })],
];

/** A group, or several by their namespaces: a row for the bus, one for each MAD. */
export function dashboard(): Dashboard {
  const builder = new DashboardBuilder('MAD Group')
    .uid('mad-group')
    .description('Made by npm run docs from scripts/monitoring; change it there.')
    .tags(['mad-group'])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(
      new QueryVariableBuilder('namespace')
        .label('Namespace')
        .query('label_values(mad_info, namespace)')
        .datasource({ type: 'prometheus', uid: '$datasource' })
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .multi(true)
        .includeAll(true)
        // Also where there is no such label.
        .allValue('.*')
        .current({ text: 'All', value: '$__all' }),
    );
  for (const [title, panels] of ROWS) {
    builder.withRow(new RowBuilder(title));
    for (const draft of panels) builder.withPanel(panel(draft));
  }
  return numbered(builder.build());
}

/** Panels are known by a number, which a link to one of them holds. */
function numbered(built: Dashboard): Dashboard {
  for (const [index, each] of (built.panels ?? []).entries()) each.id = index + 1;
  return built;
}
