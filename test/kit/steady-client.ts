import { connectTools, type ToolClient, type ToolReply } from '@mad-group/mad';
import { MadError } from '@mad-group/protocol';

export interface SteadyClient {
  /** Calls until a reply comes, over new connections where one breaks. For calls that may be made twice. */
  call(tool: string, input?: object): Promise<ToolReply>;
  /** Calls that still wait are given up without a word: a test that failed has said enough. */
  close(): Promise<void>;
}

const PAUSE_MS = 20;

/** A client that outlives the process it talks to, as a caller's own retries would make it. */
export function createSteadyClient(url: string, token: string | null = null): SteadyClient {
  let connecting: Promise<ToolClient> | undefined;
  let closed = false;

  async function once(tool: string, input: object): Promise<ToolReply> {
    connecting ??= connectTools(url, { token });
    const used = connecting;
    try {
      return await (await used).callOrThrow(tool, input);
    } catch (error) {
      const isTemporary = error instanceof MadError && ['unreachable', 'draining'].includes(error.code);
      if (closed) return new Promise(() => undefined);
      if (!isTemporary) throw error;
      // Of many calls that broke with one connection, the first opens the next.
      if (connecting === used) connecting = undefined;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      return once(tool, input);
    }
  }

  return {
    call: (tool, input = {}) => once(tool, input),
    async close() {
      closed = true;
      await connecting?.then(
        (client) => client.close(),
        () => undefined,
      );
    },
  };
}
