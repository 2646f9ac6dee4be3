// The page on Kubernetes, in a namespace of its own that a kubeconfig of the reader's points at.
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createNamespace, must, removeLeftovers, removeNamespaces } from '../kit/cluster.ts';
import { walkPage } from './walk.ts';

await walkPage('kubernetes', async ({ aside }) => {
  await removeLeftovers();
  const namespace = await createNamespace('mad-docs');
  const KUBECONFIG = join(aside, 'kubeconfig');
  await copyFile(process.env.KUBECONFIG as string, KUBECONFIG);
  await must('kubectl', [
    `--kubeconfig=${KUBECONFIG}`,
    'config',
    'set-context',
    '--current',
    `--namespace=${namespace.name}`,
  ]);
  return {
    env: { KUBECONFIG },
    describe: () => namespace.describe(),
    // Where the page has not come so far, with its operator and the definition.
    leave: () => removeNamespaces([namespace.name]),
  };
});
