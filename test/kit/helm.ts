import { type Finished, run } from './process.ts';

/** Said, since a Helm that was built by hand takes a cluster to be of 2020. */
const KUBERNETES = '1.35.0';

/** `helm template` of a chart, whatever it ends with. */
export const template = (chart: string, ...args: string[]): Promise<Finished> =>
  run('helm', [
    'template',
    'mads',
    `charts/${chart}`,
    '--namespace',
    'demo',
    '--kube-version',
    KUBERNETES,
    ...args,
  ]);
