import { GROUP_MADS } from '@mad-group/protocol';
import { span } from './time.ts';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
}

interface AlertDraft {
  readonly severity: 'critical' | 'warning';
  readonly expr: string;
  /** How long it must be so, in seconds; at once where absent. */
  readonly forSeconds?: number;
  readonly summary: string;
  readonly description: string;
  /** Of a rule that looks for what is not there, and so has no labels of its own. */
  readonly mad?: string;
}

/** Where a group is: the chart puts its namespace in the place of this. */
export const ANY_NAMESPACE = 'namespace=~".*"';
/** Where the alerts are explained: the chart puts its value in the place of this. */
const RUNBOOK = 'docs/alerts.md';

/** What alerts are of, in words: the namespace where Prometheus knows it. */
const WHERE = '{{ with $labels.namespace }} in namespace {{ . }}{{ end }}';
const MAD = `{{ $labels.mad }}${WHERE}`;

/**
 * The alerts of a group, the one source of `charts/mad-group/files/alerts.yaml`, which is a rules file
 * by itself and what the chart's PrometheusRule is made from.
 *
 * @param speed divides every time in the rules: a test does not wait for minutes. 1 as they are used
 */
export function alertRules(speed = 1): AlertRule[] {
  const s = (seconds: number) => span(seconds / speed);
  const of = (metric: string, ...matchers: string[]): string =>
    `${metric}{${[...matchers, ANY_NAMESPACE].join(',')}}`;
  const drafts: [name: string, AlertDraft][] = [
    ...GROUP_MADS.map((mad): [string, AlertDraft] => [
      'MadDown',
      {
        severity: 'critical',
        expr: `absent(${of('mad_ready', `mad="${mad}"`)} == 1)`,
        forSeconds: 180,
        mad,
        summary: `MAD ${mad} is down.`,
        description: `For ${span(180).words} Prometheus has read of no ${mad} that is ready: it is down, not ready, or not scraped.`,
      },
    ]),
    [
      'MadBusAway',
      {
        severity: 'critical',
        expr: `min by (namespace, mad) (${of('mad_bus_connected')}) == 0`,
        forSeconds: 120,
        summary: 'A MAD has lost the bus.',
        description: `${MAD} has not been connected to the bus for ${span(120).words}. What it publishes waits or fails, and nobody hears it.`,
      },
    ],
    [
      'MadBusLag',
      {
        severity: 'warning',
        expr: `max by (namespace, mad, reader) (${of('mad_bus_lag_seconds')}) > ${s(120).seconds}`,
        forSeconds: 180,
        summary: 'A MAD does not keep up with the bus.',
        description: `${MAD} ({{ $labels.reader }}) was last at the head of the log {{ $value | humanizeDuration }} ago. What it has not read when the log is trimmed is lost to it.`,
      },
    ],
    [
      'MadBusGap',
      {
        severity: 'warning',
        expr: `sum by (namespace, mad, reason) (increase(${of('mad_bus_gaps_total', 'reason!="restart"')}[${s(900).text}])) > 0`,
        summary: 'A piece of the bus’ log is gone.',
        description: `It was gone before ${MAD} read it: {{ if eq $labels.reason "trimmed" }}the log was trimmed{{ else }}the log began anew, as Redis lost its data or failed over{{ end }}.`,
      },
    ],
    [
      'MadMessagesDropped',
      {
        severity: 'warning',
        expr: `sum by (namespace, reason) (increase(${of('mad_grace_dropped_total')}[${s(600).text}])) > 0`,
        summary: 'Clients of Grace lose messages.',
        description: `Grace${WHERE} has dropped {{ $value | humanize }} messages of clients in the last ${span(600).words} ({{ $labels.reason }}): they poll too seldom, or read too slowly.`,
      },
    ],
    [
      'MadTasksStuck',
      {
        severity: 'critical',
        expr: `max by (namespace, mad) (${of('mad_task_silence_seconds')}) > ${s(600).seconds}
or
max by (namespace, mad) (${of('mad_tasks_queued')}) > 0
  and max by (namespace, mad) (${of('mad_tasks_running')}) == 0`,
        forSeconds: 120,
        summary: 'Tasks do not get on.',
        description: `In ${MAD} a task that runs has shown nothing for more than ${span(600).words}, or tasks wait and none runs.`,
      },
    ],
    [
      'MadTasksRefused',
      {
        severity: 'warning',
        expr: `sum by (namespace, mad) (increase(${of('mad_tasks_refused_total')}[${s(600).text}])) > 0`,
        summary: 'Tasks are refused, since the queue is full.',
        description: `${MAD} has refused {{ $value | humanize }} tasks in the last ${span(600).words}: more come than it can do.`,
      },
    ],
    [
      'MadProviderFailing',
      {
        severity: 'critical',
        expr: `max by (namespace, mad) (${of('mad_provider_circuit_state')}) > 0
or
sum by (namespace, mad) (rate(${of('mad_provider_calls_total', 'outcome!~"ok|cancelled"')}[${s(300).text}]))
  / sum by (namespace, mad) (rate(${of('mad_provider_calls_total', 'outcome!="cancelled"')}[${s(300).text}])) > 0.5`,
        forSeconds: 180,
        summary: 'The model provider fails.',
        description: `For ${MAD} the model provider has been away for ${span(180).words}, or fails more than half of the requests.`,
      },
    ],
    [
      'MadDiskFilling',
      {
        severity: 'warning',
        expr: `min by (namespace, mad) (${of('mad_disk_free_bytes')} / ${of('mad_disk_size_bytes')}) < 0.15
or
min by (namespace, mad) (${of('mad_disk_free_bytes')} / ${of('mad_disk_size_bytes')}) < 0.5
  and min by (namespace, mad) (predict_linear(${of('mad_disk_free_bytes')}[${s(21_600).text}], ${s(86_400).seconds})) < 0`,
        forSeconds: 300,
        summary: 'The disk of a MAD fills.',
        description: `Of the disk of ${MAD} {{ $value | humanizePercentage }} are free: less than 15 %, or it will be full within a day.`,
      },
    ],
    [
      'MadDiskFull',
      {
        severity: 'critical',
        expr: `min by (namespace, mad) (${of('mad_disk_free_bytes')} / ${of('mad_disk_size_bytes')}) < 0.03`,
        forSeconds: 60,
        summary: 'The disk of a MAD is as good as full.',
        description: `Of the disk of ${MAD} {{ $value | humanizePercentage }} are free. When it is full nothing more is accepted or counted.`,
      },
    ],
    [
      'MadHeldUp',
      {
        severity: 'warning',
        expr: `max by (namespace, job, instance) (${of('nodejs_eventloop_lag_p99_seconds')} and on (job, instance) ${of('mad_info')}) > 1`,
        forSeconds: 300,
        summary: 'A MAD answers late.',
        description: `The event loop of {{ $labels.job }} at {{ $labels.instance }}${WHERE} is held up for {{ $value | humanizeDuration }} at a time. Everything that it does waits so long.`,
      },
    ],
  ];
  return drafts.map(([name, draft]) => toRule(name, draft, speed));
}

function toRule(alert: string, draft: AlertDraft, speed: number): AlertRule {
  const { severity, expr, forSeconds, mad, summary, description } = draft;
  return {
    alert,
    expr,
    ...(forSeconds === undefined ? {} : { for: span(forSeconds / speed).text }),
    labels: { severity, ...(mad === undefined ? {} : { mad }) },
    annotations: { summary, description, runbook_url: `${RUNBOOK}#${alert.toLowerCase()}` },
  };
}

/** As Prometheus reads rules from a file. */
export const alertFile = (speed?: number) => ({ groups: [{ name: 'mads', rules: alertRules(speed) }] });
