import {
  type ApiConstructor,
  type ApiType,
  createConfiguration,
  KubeConfig,
  ServerConfiguration,
} from '@kubernetes/client-node';

/** A request that has not ended by then is given up, in milliseconds. Watches have a deadline of their own. */
const REQUEST_MS = 15_000;
const USER_AGENT = 'mad-operator';

/**
 * The same cluster, whose clients end each request within a deadline and say who asks. Without one, an
 * API server that takes a connection and says nothing holds a pass, and its group, for ever.
 */
export function withDeadlines(kubeconfig: KubeConfig, requestMs = REQUEST_MS): KubeConfig {
  const dated = new KubeConfig();
  Object.assign(dated, kubeconfig);
  dated.makeApiClient = <T extends ApiType>(Client: ApiConstructor<T>): T => {
    const cluster = kubeconfig.getCurrentCluster();
    if (cluster === null) throw new Error('The kubeconfig names no cluster.');
    return new Client(
      createConfiguration({
        baseServer: new ServerConfiguration(cluster.server, {}),
        authMethods: { default: kubeconfig },
        promiseMiddleware: [
          {
            async pre(request) {
              request.setHeaderParam('User-Agent', USER_AGENT);
              request.setSignal(AbortSignal.timeout(requestMs));
              return request;
            },
            post: async (response) => response,
          },
        ],
      }),
    );
  };
  return dated;
}
