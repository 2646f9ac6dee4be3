import type { TestNamespace } from '../kit/cluster.ts';

/**
 * Runs code in process 1 of a pod that is Node, by its debugger: the only way to end or stop such a
 * process from within its container, where it is safe from signals. What it comes to is not waited for.
 */
export async function evaluateIn(namespace: TestNamespace, pod: string, expression: string): Promise<void> {
  const code = `
    process.kill(1, 'SIGUSR1');
    let targets;
    while (!targets) targets = await fetch('http://127.0.0.1:9229/json').then((r) => r.json(), () => null);
    const socket = new WebSocket(targets[0].webSocketDebuggerUrl);
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    const params = { expression: ${JSON.stringify(expression)} };
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }));
    setTimeout(() => process.exit(), 200);`;
  const { code: ended, stderr } = await namespace.exec(pod, 'node', '--input-type=module', '-e', code);
  if (ended !== 0) throw new Error(`${pod} did not take it: ${stderr}`);
}
