import type { ApiServer } from '../kit/api-server.ts';
import { run } from '../kit/process.ts';

/** kubectl at an API server, as its administrator; an end other than 0 is an error with what it said. */
export interface Kubectl {
  (...args: string[]): Promise<string>;
  /** Objects as JSON, or manifests as text. */
  apply(manifests: string | object, ...args: string[]): Promise<void>;
  get<T>(...args: string[]): Promise<T>;
}

export function kubectlAt(server: Pick<ApiServer, 'env'>): Kubectl {
  const must = async (args: readonly string[], input = ''): Promise<string> => {
    const { code, stdout, stderr } = await run('kubectl', args, server.env, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  return Object.assign((...args: string[]) => must(args), {
    async apply(manifests: string | object, ...args: string[]): Promise<void> {
      const text = typeof manifests === 'string' ? manifests : JSON.stringify(manifests);
      await must(['apply', '--server-side', ...args, '-f', '-'], text);
    },
    get: async <T>(...args: string[]) => JSON.parse(await must(['get', ...args, '-o', 'json'])) as T,
  });
}
