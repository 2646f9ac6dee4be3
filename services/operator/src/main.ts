import { KubeConfig } from '@kubernetes/client-node';
import { ConfigError, createLog, createPlatformServer, onShutdown } from '@mad-group/mad';
import { withDeadlines } from './cluster/api-clients.ts';
import { createLease } from './cluster/lease.ts';
import { loadOperatorConfig, type OperatorConfig } from './config.ts';
import { createOperatorMetrics } from './metrics.ts';
import { createOperator } from './operator.ts';

/** A pass that runs at a stop is ended; it takes a few requests and a helm. In milliseconds. */
const STOP_MS = 20_000;
/** A renewal that hangs leaves time for another one. */
const LEASE_REQUEST_MS = 4_000;

let config: OperatorConfig;
try {
  config = loadOperatorConfig(process.env);
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : error}\n`);
  process.exit(1);
}
const log = createLog({
  name: 'mad-operator',
  level: config.LOG_LEVEL,
  pretty: process.stdout.isTTY === true,
});
const kubeconfig = new KubeConfig();
kubeconfig.loadFromDefault();
const metrics = createOperatorMetrics(() => operator.queueDepth);
const operator = createOperator({
  metrics,
  kubeconfig,
  namespace: config.WATCH_NAMESPACE,
  helm: config.HELM,
  chart: config.CHART,
  mayWrite: () => lease.isHeld(),
  log,
});
const lease = createLease({
  kubeconfig: withDeadlines(kubeconfig, LEASE_REQUEST_MS),
  namespace: config.POD_NAMESPACE,
  name: 'mad-operator',
  holder: config.POD_NAME,
  log,
  // Whoever leads now works already: nothing may be written from here any more.
  onLost: () => process.exit(1),
});
const platform = createPlatformServer({
  host: config.HOST,
  port: config.PLATFORM_PORT,
  portKey: 'PLATFORM_PORT',
  // A replica that waits for the lead is as ready as it can be.
  mads: [{ id: 'mad-operator', notReady: () => operator.notReady() }],
  metrics,
  log,
});
const stopping = new AbortController();
onShutdown(
  async () => {
    stopping.abort();
    await operator.stop();
    await lease.release();
    await platform.stop();
  },
  { deadlineMs: STOP_MS, log },
);
await platform.start();
await lease.acquire(stopping.signal);
if (!stopping.signal.aborted) {
  metrics.leads(true);
  log.info({ holder: config.POD_NAME }, 'Leading');
  await operator.start();
}
