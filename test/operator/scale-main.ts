// The operator as its own process, whose groups are all answered by one: VERIFY_URLS, as {"mad": "ws://…"}.
import { KubeConfig } from '@kubernetes/client-node';
import { createLog, createPlatformServer, onShutdown } from '@mad-group/mad';
import { createOperatorMetrics } from '../../services/operator/src/metrics.ts';
import { createOperator } from '../../services/operator/src/operator.ts';
import { verifyGroup } from '../../services/operator/src/status/verification.ts';

const { KUBECONFIG, CHART, PLATFORM_PORT, VERIFY_URLS } = process.env as Record<string, string>;
const urls = JSON.parse(VERIFY_URLS ?? '{}') as Record<string, string>;
const log = createLog({ name: 'mad-operator', level: 'warn', pretty: false });
const kubeconfig = new KubeConfig();
kubeconfig.loadFromFile(KUBECONFIG as string);
const metrics = createOperatorMetrics(() => operator.queueDepth);
const operator = createOperator({
  kubeconfig,
  metrics,
  log,
  helm: 'helm',
  chart: CHART as string,
  verify: (_group, token, signal) => verifyGroup({ urls, token, timeoutMs: 10_000, signal }),
});
const platform = createPlatformServer({
  host: '127.0.0.1',
  port: Number(PLATFORM_PORT),
  portKey: 'PLATFORM_PORT',
  mads: [],
  metrics,
  log,
});
onShutdown(
  async () => {
    await operator.stop();
    await platform.stop();
  },
  { deadlineMs: 20_000, log },
);
await platform.start();
await operator.start();
